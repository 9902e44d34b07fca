"""Signing out at Keycloak signs out here: exactly the sessions that its logout token names, and by no other token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import Session
from audit.models import Entry
from sandbox.server import Sandbox
from tests.flows.conftest import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.promise(38)]

PATH = "/accounts/keycloak/backchannel-logout/"


@pytest.fixture
def ada(browser: Browser) -> Browser:
    browser.sign_in("keycloak", "ada")
    return browser


def sid(browser: Browser) -> str:
    """What Keycloak calls the session that this browser came from."""
    return Session.objects.get(session_key=browser.key).upstream_sid


def ended() -> list[tuple[str, str]]:
    """Which sessions the trail says were ended, and why."""
    entries = Entry.objects.filter(action="session.ended").order_by("id")
    return [(entry.details["session"], entry.details["because"]) for entry in entries if entry.details]


def refused() -> list[str]:
    entries = Entry.objects.filter(action="sign_out.refused").order_by("id")
    return [entry.details["refused_because"] for entry in entries if entry.details]


def tell(providers: Sandbox, token: str) -> int:
    """Send a logout token as Keycloak does: from no browser, and so without cookies or proofs of ours."""
    status: int = Browser(providers).post(PATH, {"logout_token": token}).status_code
    return status


def test_exactly_the_session_that_ended_there_ends_here(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    elsewhere, grace, by_google = new_browser(), new_browser(), new_browser()
    elsewhere.sign_in("keycloak", "ada")
    grace.sign_in("keycloak", "grace")
    by_google.sign_in("google", "nemo")
    session = Session.objects.get(upstream_sid=sid(ada))

    assert tell(providers, providers.logout_token(sid(ada))) == 200
    assert ada.account is None
    assert None not in {elsewhere.account, grace.account, by_google.account}
    assert ended() == [(session.public_id, "provider")]
    entry = Entry.objects.get(action="session.ended")
    assert (entry.actor_kind, entry.actor_id, entry.person) == ("service", "keycloak", str(session.user_id))


def test_a_token_that_names_only_the_person_ends_all_their_sessions_that_came_from_there(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    account = ada.account
    ada.connect("google", "ada")
    elsewhere, grace, by_google = new_browser(), new_browser(), new_browser()
    elsewhere.sign_in("keycloak", "ada")
    grace.sign_in("keycloak", "grace")
    by_google.sign_in("google", "ada")
    token = providers.logout_token(sid(elsewhere), sid=None)

    assert tell(providers, token) == 200
    assert (ada.account, elsewhere.account) == (None, None)
    assert by_google.account == account
    assert grace.account


def test_a_session_of_somebody_else_is_not_ended_by_its_name(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    grace = new_browser()
    grace.sign_in("keycloak", "grace")

    assert tell(providers, providers.logout_token(sid(ada), sid=sid(grace))) == 200
    assert ada.account
    assert grace.account
    assert ended() == []


def test_a_token_works_once(ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox) -> None:
    token = providers.logout_token(sid(ada), sid=None)
    assert tell(providers, token) == 200
    again = new_browser()
    again.sign_in("keycloak", "ada")

    assert tell(providers, token) == 400
    assert again.account
    assert refused() == ["logout_repeated"]


@pytest.mark.parametrize(
    "form", [{}, {"logout_token": ""}, {"logout_token": "x.y"}, {"logout_token": ["a.b.c", "a.b.c"]}]
)
def test_what_is_no_token_is_refused(ada: Browser, form: dict[str, Any]) -> None:
    assert ada.post(PATH, form).status_code == 400
    assert ada.account


def test_an_id_token_is_no_logout_token(ada: Browser, providers: Sandbox) -> None:
    session = providers.sessions("keycloak")[0]
    token = providers.logout_token(session.sid, nonce="n-1", events=None, jti=None)

    assert tell(providers, token) == 400
    assert ada.account


def test_nobody_but_keycloak_is_heard(ada: Browser) -> None:
    assert ada.get(PATH).status_code == 405
    assert ada.post("/accounts/google/backchannel-logout/").status_code == 404


def test_a_provider_that_is_off_is_not_heard(ada: Browser, turn_off: Callable[[str], None], providers: Sandbox) -> None:
    token = providers.logout_token(sid(ada))
    turn_off("keycloak")

    assert tell(providers, token) == 404
    assert ada.account


def test_answers_are_not_kept_and_say_no_more_than_they_must(ada: Browser, providers: Sandbox) -> None:
    good = ada.post(PATH, {"logout_token": providers.logout_token(sid(ada))})
    bad = ada.post(PATH, {"logout_token": "a.b.c"})

    assert {"no-store"} == {good.headers["Cache-Control"], bad.headers["Cache-Control"]}
    assert (good.content, json.loads(bad.content)) == (b"", {"error": "invalid_request"})


@pytest.mark.django_db(transaction=True)
def test_ending_the_session_at_keycloak_reaches_us(ada: Browser, providers: Sandbox, live_server: LiveServer) -> None:
    providers.public_url = live_server.url
    sent = providers.end_session(sid(ada))

    assert sent is not None
    assert (sent.status, ada.account) == (200, None)
