"""Reauthentication: what counts as one, for how long, and where it redirects."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.sign_in.reauthentication import gate
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another
from tests.flows.factors import add_app, details, with_words
from tests.flows.proofs import NEVER_DATED
from tests.support.authenticator import code
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db

PROVE = "/accounts/reauthenticate/?next=/accounts/sessions/"


def person_of(browser: Browser) -> User:
    account = browser.account
    assert account
    return User.objects.get(pk=account)


def is_fresh(browser: Browser) -> bool:
    """Return the decision for this browser's session, as a view gets it."""
    request = HttpRequest()
    request.session = SessionStore(browser.key)
    request.user = person_of(browser)
    return gate.is_reauthenticated(request)


@gate.reauthentication_required
def dangerous(request: HttpRequest, user: User, number: int) -> HttpResponse:
    return HttpResponse(f"done {number} for {user.name}")


def reach(browser: Browser | None, path: str = "/danger/?a=b") -> Any:
    request = RequestFactory().get(path)
    request.session = SessionStore(browser.key if browser else None)
    request.user = person_of(browser) if browser else AnonymousUser()
    return dangerous(request, 7)


def test_a_view_requires_reauthentication(browser: Browser, later: Callable[..., None]) -> None:
    browser.sign_in("keycloak", "ada")
    assert reach(browser).content == b"done 7 for Ada Lovelace"
    later(minutes=10, seconds=5)

    assert reach(browser).headers["Location"] == "/accounts/reauthenticate/?next=%2Fdanger%2F%3Fa%3Db"
    assert reach(None).headers["Location"] == "/accounts/login/?next=/danger/%3Fa%3Db"


def test_a_sign_in_method_reauthenticates_and_leads_back(
    browser: Browser, provider: str, later: Callable[..., None]
) -> None:
    browser.sign_in(provider, "ada")
    later(minutes=11)
    assert not is_fresh(browser)
    before = browser.key
    page = browser.get(PROVE).content
    assert f"/accounts/{provider}/login/?next=%2Faccounts%2Fsessions%2F&amp;process=reauthenticate".encode() in page
    assert f"/accounts/{another(provider)}/".encode() not in page
    proven = browser.sign_in(provider, "ada", process="reauthenticate", next="/accounts/sessions/")

    assert proven.headers["Location"] == "/accounts/sessions/"
    assert is_fresh(browser) is (provider not in NEVER_DATED), "these do not say when: see test_fresh_proof"
    assert browser.key != before


def test_a_person_with_a_factor_reauthenticates_with_nothing_less(
    browser: Browser, provider: str, later: Callable[..., None]
) -> None:
    browser.sign_in(provider, "ada")
    secret, codes = add_app(browser)
    assert is_fresh(browser)
    later(minutes=11)
    page = browser.get(PROVE).content
    assert b'name="code"' in page
    assert b"process=reauthenticate" not in page
    browser.sign_in(provider, "ada", process="reauthenticate")
    assert not is_fresh(browser), "the provider alone is what a thief may have"

    assert browser.post(PROVE, {"code": "123456"}).status_code == 200
    assert not is_fresh(browser)
    assert browser.post(PROVE, {"code": code(secret)}).headers["Location"] == "/accounts/sessions/"
    assert is_fresh(browser)
    later(minutes=11)
    assert browser.post(PROVE, {"code": codes[0]}).headers["Location"] == "/accounts/sessions/"
    assert [found["kind"] for found in details("factor.verified")] == ["totp", "recovery_codes"]


def test_a_providers_second_factor_reauthenticates_too(
    browser: Browser, providers: Sandbox, later: Callable[..., None]
) -> None:
    with_words(providers, "keycloak", amr=["mfa"])
    browser.sign_in("keycloak", "vera")
    add_app(browser)
    later(minutes=11)
    browser.sign_in("keycloak", "vera", process="reauthenticate")

    assert is_fresh(browser)


@pytest.mark.promise(27)
def test_a_stolen_session_connects_nothing_without_the_factor(
    browser: Browser, provider: str, later: Callable[..., None]
) -> None:
    browser.sign_in(provider, "ada")
    add_app(browser)
    later(minutes=11)
    browser.sign_in(provider, "ada", process="reauthenticate")

    assert (
        browser.start(another(provider), process="connect").headers["Location"].startswith("/accounts/reauthenticate/")
    )


def test_a_local_password_reauthenticates_and_wrong_ones_are_throttled(
    browser: Browser, later: Callable[..., None]
) -> None:
    User.objects.create_superuser(username="root", password="a lantern in the stairwell")
    browser.post("/admin/login/", {"username": "root", "password": "a lantern in the stairwell"})
    later(minutes=11)
    assert b'name="password"' in browser.get(PROVE).content
    statuses = [browser.post(PROVE, {"password": f"wrong {number}"}).status_code for number in range(6)]

    assert statuses == [200] * 5 + [429]
    assert not is_fresh(browser)
    later(seconds=10)
    assert browser.post(PROVE, {"password": "a lantern in the stairwell"}).headers["Location"] == "/accounts/sessions/"
    assert is_fresh(browser)


def test_another_persons_password_does_not_reauthenticate(browser: Browser, later: Callable[..., None]) -> None:
    User.objects.create_user(username="other", password="a lantern in the stairwell")
    browser.sign_in("google", "ada")
    later(minutes=11)

    for posted in ({"password": "a lantern in the stairwell"}, {"password": ""}, {}, {"code": "123456"}):
        assert browser.post(PROVE, posted).status_code == 200
    assert not is_fresh(browser)


@pytest.mark.promise(20)
@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example", "/%09/evil.example", "x" * 600])
def test_nobody_is_sent_elsewhere_afterwards(browser: Browser, next_url: str) -> None:
    browser.sign_in("google", "ada")
    _, codes = add_app(browser)

    onward = browser.post(f"/accounts/reauthenticate/?next={next_url}", {"code": codes[0]}).headers["Location"]
    assert onward.startswith("/")
    assert not onward.startswith("//")


def test_a_person_who_cannot_reauthenticate_here_is_told_what_to_do(browser: Browser) -> None:
    sign_in(browser.client, User.objects.create_user(name="Nobody"))

    assert b"Sign out, then sign in again" in browser.get(PROVE).content
