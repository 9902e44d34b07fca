"""Rows read by fixed SQL are the models that Django would have made."""

import pytest
from django.db.models import Model

from accounts.models import Identity, User
from accounts.sign_in.backends import AccountBackend

pytestmark = pytest.mark.django_db


def values(row: Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def identity() -> Identity:
    user = User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)
    claims = {"groups": ["a", "ü"], "n": 1.5, "none": None}
    return Identity.objects.create(user=user, provider="google", issuer="https://i", subject="1", claims=claims)


def test_an_identity_is_found_with_its_user_by_both_halves_of_its_key(identity: Identity) -> None:
    found = Identity.objects.find("https://i", "1", through="google")

    assert found is not None
    assert values(found.identity) == values(Identity.objects.get())
    assert values(found.identity.user) == values(User.objects.get())
    for issuer, subject in (("https://i", "2"), ("https://other", "1")):
        assert Identity.objects.find(issuer, subject, through="google") is None


def test_a_persons_identities_come_oldest_first(identity: Identity) -> None:
    second = Identity.objects.create(user=identity.user, provider="github", issuer="https://g", subject="1")
    Identity.objects.create(user=User.objects.create_user(), provider="github", issuer="https://g", subject="2")

    assert [values(found) for found in Identity.objects.of(identity.user)] == [values(identity), values(second)]


def test_what_is_read_this_way_can_be_saved(identity: Identity) -> None:
    found = Identity.objects.find("https://i", "1", through="google")
    assert found is not None
    found.identity.name = "Countess"
    found.identity.save()

    assert Identity.objects.get().name == "Countess"


@pytest.mark.promise(31)
def test_a_sessions_person_is_found_while_active(identity: Identity) -> None:
    user = identity.user
    found = AccountBackend().get_user(str(user.pk))
    assert found is not None
    assert values(found) == values(user)

    User.objects.update(is_active=False)
    assert AccountBackend().get_user(user.pk) is None
