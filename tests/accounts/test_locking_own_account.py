"""Locking one's own account, by calling the function."""

import pytest

from accounts.cut_off import lock_own_account
from accounts.models import CutOff, User

pytestmark = pytest.mark.django_db


def test_an_owner_deactivates_their_account_by_locking_it() -> None:
    ada = User.objects.create_user(name="Ada")
    done = lock_own_account(ada)

    ada.refresh_from_db()
    assert (done.by, done.deactivated) == (CutOff.By.OWNER, True)
    assert not ada.is_active
    assert ada.not_before == done.not_before


def test_the_last_superusers_account_stays_active_but_its_credentials_are_revoked() -> None:
    root = User.objects.create_superuser(username="root")
    done = lock_own_account(root)

    root.refresh_from_db()
    assert (done.by, done.deactivated) == (CutOff.By.OWNER, False)
    assert root.is_active
    assert root.not_before == done.not_before


def test_one_of_two_superusers_is_deactivated() -> None:
    root, _other = (User.objects.create_superuser(username=name) for name in ("root", "other"))

    assert lock_own_account(root).deactivated
