"""Signing in: one account for each person, and no way into another person's."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Identity, Session, User
from audit.models import Entry
from tests.flows.conftest import Browser, another, refusals

pytestmark = pytest.mark.django_db


def test_a_first_sign_in_opens_an_account_and_a_session(browser: Browser, provider: str) -> None:
    response = browser.sign_in(provider, "ada")

    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/")
    person = User.objects.get()
    identity = Identity.objects.get()
    assert browser.account == str(person.pk) == str(identity.user_id)
    assert (identity.provider, person.email) == (provider, "ada@example.com")
    assert Session.objects.get().user == person
    events = Entry.objects.filter(source="event").order_by("id").values_list("action", flat=True)
    assert list(events) == ["identity.linked", "account.enrolled", "sign_in.succeeded"]


def test_a_returning_person_has_the_same_account(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    elsewhere = new_browser()
    elsewhere.sign_in(provider, "ada")

    assert browser.account == elsewhere.account is not None
    assert User.objects.count() == 1


@pytest.mark.promise(24)
def test_a_changed_address_keeps_the_account(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "rita-before")
    later = new_browser()
    later.sign_in(provider, "rita-after")

    assert browser.account == later.account is not None
    assert Identity.objects.get().email == "rita@new.example"


@pytest.mark.promise(24, 25)
@pytest.mark.parametrize("newcomer", ["mallory", "mallory-unverified", "ada-shouting"])
def test_an_address_never_leads_into_an_account(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, newcomer: str
) -> None:
    browser.sign_in(provider, "ada")
    stranger = new_browser()
    stranger.sign_in(another(provider), newcomer)
    again = new_browser()
    again.sign_in(provider, newcomer)

    assert stranger.account != browser.account
    assert again.account != browser.account


def test_a_sign_in_reaches_its_destination(browser: Browser, provider: str) -> None:
    response = browser.sign_in(provider, "ada", next="/accounts/connections/?a=b")

    assert response.headers["Location"] == "/accounts/connections/?a=b"


def test_the_request_has_all_required_parameters_and_none_of_the_visitor(browser: Browser, provider: str) -> None:
    started = browser.start(provider, scope="admin", redirect_uri="https://evil.example/", state="mine")
    asked = parse_qs(urlsplit(started.headers["Location"]).query)

    assert asked["redirect_uri"] == [f"http://127.0.0.1:8000/accounts/{provider}/login/callback/"]
    assert asked["code_challenge_method"] == ["S256"]
    assert "admin" not in asked["scope"][0]
    assert len(asked["state"][0]) == 43
    assert ("nonce" in asked) == (provider != "github")


def test_a_deactivated_account_is_refused_and_the_page_says_so(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    User.objects.update(is_active=False)
    response = browser.sign_in(provider, "ada")

    assert response.status_code == 403
    assert b"switched off" in response.content
    assert refusals() == ["account_deactivated"]
