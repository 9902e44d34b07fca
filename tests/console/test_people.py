"""People in the admin are found by many kinds of terms, and shown with their sign-in methods and sessions."""

import pytest
from django.test import Client

from accounts.models import Identity, Session, User
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.proven import proven

pytestmark = pytest.mark.django_db

PHRASE = "a long good phrase"


@pytest.fixture
def administrator() -> Client:
    client = Client()
    proven(User.objects.create_superuser(username="root", name="Root"), client)
    return client


@pytest.fixture
def ada(providers: Sandbox) -> User:
    Browser(providers).sign_in("google", "ada")
    return User.objects.get(email="ada@example.com")


def test_a_person_is_found_by_id_subject_address_and_name(administrator: Client, ada: User) -> None:
    User.objects.create_user(name="Somebody Else", email="else@example.com")
    subject = Identity.objects.get().subject

    for term in (str(ada.pk), subject, "ADA@exam", ada.name[:3].lower()):
        found = administrator.get("/admin/accounts/user/", {"q": term}).context["cl"].queryset
        assert [person.pk for person in found] == [ada.pk], term


def test_a_persons_page_shows_sign_in_methods_and_sessions_without_their_keys(administrator: Client, ada: User) -> None:
    page = administrator.get(f"/admin/accounts/user/{ada.pk}/change/").content.decode()

    assert Identity.objects.get().subject in page
    assert Session.objects.get(user=ada).session_key not in page


def test_every_list_and_the_trail_open(administrator: Client, ada: User) -> None:
    for page in ("", "accounts/user/", "accounts/identity/", "audit/entry/", "auth/group/"):
        assert administrator.get(f"/admin/{page}").status_code == 200, page


def test_an_administrator_can_be_created_by_hand(administrator: Client) -> None:
    made = administrator.post(
        "/admin/accounts/user/add/",
        {"username": "second", "usable_password": "true", "password1": PHRASE, "password2": PHRASE},
    )

    assert made.status_code == 302
    assert User.objects.get(username="second").check_password(PHRASE)
