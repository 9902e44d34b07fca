"""Changing the display name of an account, by calling the functions."""

import pytest

from accounts.models import Identity, User
from accounts.own_account.name_change import NoName, follow_provider, set_name
from foundation.display_names import LONGEST_NAME

pytestmark = pytest.mark.django_db

INVISIBLE = "\u202e"  # right-to-left override


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada")


def identity_of(user: User, name: str) -> Identity:
    return Identity.objects.create(user=user, provider="google", issuer="https://its.example", subject="1", name=name)


def shown(user: User) -> tuple[str, bool]:
    user.refresh_from_db()
    return user.name, user.name_set_here


def test_a_name_is_stored_on_one_line_and_marked_as_set_here(ada: User) -> None:
    set_name(ada, f"  Ada \n {INVISIBLE}Byron ")

    assert shown(ada) == ("Ada Byron", True)


@pytest.mark.parametrize("name", ["", "  ", INVISIBLE, "a" * (LONGEST_NAME + 1)])
def test_an_invalid_name_is_refused(ada: User, name: str) -> None:
    with pytest.raises(NoName):
        set_name(ada, name)

    assert shown(ada) == ("Ada", False)


def test_a_person_can_follow_a_provider_again(ada: User) -> None:
    set_name(ada, "Countess")
    follow_provider(ada, identity_of(ada, "Ada Lovelace"))

    assert shown(ada) == ("Ada Lovelace", False)


def test_a_provider_that_sends_no_name_cannot_be_followed(ada: User) -> None:
    set_name(ada, "Countess")
    with pytest.raises(NoName):
        follow_provider(ada, identity_of(ada, INVISIBLE))

    assert shown(ada) == ("Countess", True)


def test_only_the_name_is_written(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(email="ada@example.com")
    set_name(ada, "Countess")

    ada.refresh_from_db()
    assert ada.email == "ada@example.com"
