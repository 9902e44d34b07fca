"""A key of a service ends when whoever created it, and has seen it, is cut off (ADR 55)."""

import threading
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.cut_off import cut_off
from accounts.models import CutOff, User
from accounts.privacy.erasing import erase
from authserver.models import ApiKey, ServiceAccount
from authserver.services import issuing
from authserver.services.revocation import count_alive
from foundation.rows import change
from tenancy import site_context, tenant_context
from tests.support.services import READ, clerk, key_of_service, refusal_of, service
from tests.support.together import leave_nothing_open
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Owner")


@pytest.fixture
def creator(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Creator")


@pytest.fixture
def night_job(town: Town, owner: User) -> ServiceAccount:
    return service(town.a.tenant, owner, READ)


def stop(person: User) -> None:
    cut_off(person, by=CutOff.By.COMMAND, reason="stolen", close=False)


def delete_by_sql(person: User) -> None:
    with site_context("an operator deletes an account"):
        change("DELETE FROM accounts_membership WHERE user_id = %s", [person.pk])
        change("DELETE FROM accounts_user WHERE id = %s", [person.pk])


ACTS: list[Callable[[User], object]] = [
    stop,
    lambda person: erase(person, reason="they asked"),
    delete_by_sql,
]


@pytest.mark.promise(89)
@pytest.mark.parametrize("act", ACTS, ids=["cut off", "erased", "deleted by SQL"])
def test_it_is_revoked_with_its_creator_and_others_work_on(
    night_job: ServiceAccount, creator: User, owner: User, act: Callable[[User], object]
) -> None:
    seen = key_of_service(night_job, creator=creator)
    rotated_by_another = key_of_service(night_job, creator=owner)
    by_command = key_of_service(night_job)
    assert count_alive([creator.pk]) == 1

    act(creator)

    assert refusal_of(seen.text) == "key_revoked"
    assert refusal_of(rotated_by_another.text) is None
    assert refusal_of(by_command.text) is None
    assert count_alive([creator.pk]) == 0


def test_the_successor_of_a_key_is_seen_by_whoever_rotates_it(
    town: Town, night_job: ServiceAccount, creator: User, owner: User
) -> None:
    old = key_of_service(night_job, creator=creator)
    with tenant_context(town.a.tenant.pk):
        new = issuing.rotate(old.key, creator=owner)
    stop(creator)
    assert (refusal_of(old.text), refusal_of(new.text)) == ("key_revoked", None)


def test_a_key_that_is_created_during_the_cut_off_is_refused(night_job: ServiceAccount, creator: User) -> None:
    """It waits for the lock of the account, and then finds what has happened."""
    found: list[object] = []

    def create() -> None:
        try:
            found.append(key_of_service(night_job, creator=creator))
        except ValidationError as refused:
            found.append(refused)
        finally:
            leave_nothing_open()

    thread = threading.Thread(target=create)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=creator.pk)
        thread.start()
        stop(creator)
    thread.join(20)
    assert isinstance(found[0], ValidationError)
    with site_context("a test looks"):
        assert not ApiKey.objects.filter(revoked_at=None).exists()
