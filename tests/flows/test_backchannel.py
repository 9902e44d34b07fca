"""A sign-out at Keycloak ends exactly the sessions here that its logout token names, and no other token does."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F
from pytest_django.live_server_helper import LiveServer

from accounts.models import Session
from audit.models import Entry
from jobs import purging
from providers.models import SeenLogoutToken
from providers.views import backchannel
from sandbox.backchannel import EVENT
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.memory import forget_providers
from tests.support.together import together

pytestmark = pytest.mark.django_db

PATH = "/accounts/keycloak/backchannel-logout/"


@pytest.fixture
def ada(browser: Browser) -> Browser:
    browser.sign_in("keycloak", "ada")
    return browser


def sid(browser: Browser) -> str:
    """Keycloak's id of the session from which this browser came."""
    return Session.objects.of_browser(browser.key).get().upstream_sid


def ended() -> list[tuple[str, str]]:
    """The ended sessions in the trail, with the reasons."""
    entries = Entry.objects.filter(action="session.revoked").order_by("id")
    return [(entry.details["session"], entry.details["reason"]) for entry in entries if entry.details]


def refused() -> list[str]:
    entries = Entry.objects.filter(action="sign_out.refused").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]


def tell(providers: Sandbox, token: str) -> int:
    """Send a logout token as Keycloak does: not from a browser, so without cookies and CSRF tokens."""
    status: int = Browser(providers).post(PATH, {"logout_token": token}).status_code
    return status


@pytest.mark.promise(38)
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
    entry = Entry.objects.get(action="session.revoked")
    assert (entry.actor_kind, entry.actor_id, entry.person) == ("service", "keycloak", str(session.user_id))


@pytest.mark.promise(38)
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


@pytest.mark.promise(38)
def test_another_persons_session_is_not_ended_by_its_id(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    grace = new_browser()
    grace.sign_in("keycloak", "grace")

    assert tell(providers, providers.logout_token(sid(ada), sid=sid(grace))) == 200
    assert ada.account
    assert grace.account
    assert ended() == []


@pytest.mark.promise(38)
def test_a_token_that_names_only_the_session_ends_that_one(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")

    assert tell(providers, providers.logout_token(sid(elsewhere), sub=None)) == 200
    assert (ada.account is None, elsewhere.account is None) == (False, True)


@pytest.mark.promise(38)
def test_a_logout_token_for_a_session_that_is_over_succeeds(ada: Browser, providers: Sandbox) -> None:
    """Section 2.8: the session is over, so this is not a failure."""
    token = providers.logout_token(sid(ada))
    ada.post("/accounts/logout/")

    assert tell(providers, token) == 200
    assert ended() == []


# Section 2.6 and cases of the conformance suite: each token has one fault, and changes nothing.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"iss": None}, "issuer_wrong"),
    "another issuer": ({"iss": "https://issuer.example"}, "issuer_wrong"),
    "an issuer like ours": ({"iss": "slash"}, "issuer_wrong"),
    "no audience": ({"aud": None}, "audience_wrong"),
    "another audience": ({"aud": "another-client"}, "audience_wrong"),
    "others in the audience": ({"aud": ["vestibule", "another-client"]}, "audience_wrong"),
    "an empty audience": ({"aud": []}, "audience_wrong"),
    "no iat": ({"iat": None}, "token_malformed"),
    "iat in words": ({"iat": "now"}, "token_malformed"),
    "iat ahead": ({"iat": time.time() + 3600}, "not_yet_valid"),
    "no exp": ({"exp": None}, "token_malformed"),
    "exp in words": ({"exp": "tomorrow"}, "token_malformed"),
    "expired": ({"exp": 1_000_000_000}, "expired"),
    "no jti": ({"jti": None}, "token_malformed"),
    "an empty jti": ({"jti": ""}, "token_malformed"),
    "a jti that is none": ({"jti": ["a"]}, "token_malformed"),
    "no events": ({"events": None}, "logout_event_missing"),
    "events in words": ({"events": EVENT}, "logout_event_missing"),
    "events in a list": ({"events": [EVENT]}, "logout_event_missing"),
    "events without the member": ({"events": {}}, "logout_event_missing"),
    "another event": ({"events": {"https://example.com/event": {}}}, "logout_event_missing"),
    "an event that is no object": ({"events": {EVENT: True}}, "logout_event_missing"),
    "a nonce": ({"nonce": "n-1"}, "logout_with_nonce"),
    "an empty nonce": ({"nonce": ""}, "logout_with_nonce"),
    "neither sub nor sid": ({"sub": None, "sid": None}, "logout_without_subject"),
    "a sub that is none": ({"sub": 7}, "logout_without_subject"),
    "an empty sub": ({"sub": ""}, "logout_without_subject"),
    "a sid that is none": ({"sid": {"a": 1}}, "logout_without_subject"),
    "a sub that no database takes": ({"sub": "ada\0"}, "logout_without_subject"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.promise(38)
def test_a_token_with_one_fault_changes_nothing(ada: Browser, providers: Sandbox, wrong: str) -> None:
    claims, reason = WRONG[wrong]
    if claims.get("iss") == "slash":
        claims = {"iss": f"{providers.environment()['KEYCLOAK_ISSUER']}/"}
    token = providers.logout_token(sid(ada), **claims)
    answer = Browser(providers).post(PATH, {"logout_token": token})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert json.loads(answer.content) == {"error": "invalid_request"}
    assert ada.account
    assert (ended(), refused()) == ([], [reason])
    assert not SeenLogoutToken.objects.exists()


@pytest.mark.parametrize("fault", ["logout_alg_none", "logout_forged", "logout_hs256"])
@pytest.mark.promise(38)
def test_a_token_that_keycloak_has_not_signed_changes_nothing(ada: Browser, providers: Sandbox, fault: str) -> None:
    providers.set_fault("keycloak", fault)
    answer = Browser(providers).post(PATH, {"logout_token": providers.logout_token(sid(ada))})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert ada.account
    assert not SeenLogoutToken.objects.exists()


@pytest.mark.promise(38)
def test_a_clock_that_is_half_a_minute_off_is_tolerated(ada: Browser, providers: Sandbox) -> None:
    now = int(time.time())
    assert tell(providers, providers.logout_token(sid(ada), iat=now + 30, exp=now + 90)) == 200
    assert ada.account is None


@pytest.mark.promise(38)
def test_a_token_works_once(ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox) -> None:
    token = providers.logout_token(sid(ada), sid=None)
    assert tell(providers, token) == 200
    again = new_browser()
    again.sign_in("keycloak", "ada")

    assert tell(providers, token) == 400
    cache.clear()
    forget_providers()  # as after a flush of Redis, in a process that has just started
    assert tell(providers, token) == 400
    assert again.account
    assert refused() == ["logout_repeated"] * 2


@pytest.mark.promise(38)
def test_a_token_works_once_without_the_cache_too(
    ada: Browser, new_browser: Callable[[], Browser], providers: Sandbox, cache_away: Callable[[], None]
) -> None:
    token = providers.logout_token(sid(ada), sid=None)
    assert tell(providers, token) == 200
    again = new_browser()
    again.sign_in("keycloak", "ada")
    cache_away()

    assert tell(providers, token) == 400
    assert again.account


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(38)
def test_of_two_at_once_one_is_accepted(ada: Browser, providers: Sandbox) -> None:
    token = providers.logout_token(sid(ada))
    assert sorted(together(*[lambda: tell(providers, token)] * 4)) == [200, 400, 400, 400]
    assert len(ended()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(38)
def test_a_token_whose_processing_failed_may_be_sent_again(
    ada: Browser, providers: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = providers.logout_token(sid(ada))
    with monkeypatch.context() as broken:
        broken.setattr(backchannel, "_named", lambda _claims: 1 / 0)
        assert tell(providers, token) == 500
    assert ada.account

    assert tell(providers, token) == 200
    assert ada.account is None


@pytest.mark.parametrize("exp", [None, 10**11, 2**40 - 1])
@pytest.mark.promise(38)
def test_replay_records_are_purged_when_the_token_has_expired_anyway(
    ada: Browser, providers: Sandbox, exp: int | None
) -> None:
    assert tell(providers, providers.logout_token(sid(ada), **({"exp": exp} if exp else {}))) == 200
    purging.purge()
    assert SeenLogoutToken.objects.count() == 1
    SeenLogoutToken.objects.update(expires_at=F("expires_at") - timedelta(minutes=5))
    purging.purge()

    assert SeenLogoutToken.objects.exists() is bool(exp)
    assert exp or Entry.objects.get(action="logout_token.purged").details == {"count": 1, "finished": True}


@pytest.mark.parametrize(
    "form", [{}, {"logout_token": ""}, {"logout_token": "x.y"}, {"logout_token": ["a.b.c", "a.b.c"]}]
)
@pytest.mark.promise(38)
def test_what_is_not_a_token_is_refused(ada: Browser, form: dict[str, Any]) -> None:
    assert ada.post(PATH, form).status_code == 400
    assert ada.account


@pytest.mark.promise(38)
def test_an_id_token_is_not_a_logout_token(ada: Browser, providers: Sandbox) -> None:
    session = providers.sessions("keycloak")[0]
    token = providers.logout_token(session.sid, nonce="n-1", events=None, jti=None)

    assert tell(providers, token) == 400
    assert ada.account


@pytest.mark.promise(38)
def test_only_a_provider_that_speaks_openid_connect_may_send_logout_tokens(ada: Browser, providers: Sandbox) -> None:
    token = providers.logout_token(sid(ada))
    assert ada.get(PATH).status_code == 405
    for name, status in (("google", 400), ("microsoft", 400), ("github", 404), ("nowhere", 404)):
        answer = ada.post(f"/accounts/{name}/backchannel-logout/", {"logout_token": token})
        assert answer.status_code == status
    assert ada.account


@pytest.mark.promise(38)
def test_a_provider_that_is_off_may_send_no_logout_tokens(
    ada: Browser, turn_off: Callable[[str], None], providers: Sandbox
) -> None:
    token = providers.logout_token(sid(ada))
    turn_off("keycloak")

    assert tell(providers, token) == 404
    assert ada.account


@pytest.mark.promise(38)
def test_responses_are_not_cached_and_reveal_nothing(ada: Browser, providers: Sandbox) -> None:
    good = ada.post(PATH, {"logout_token": providers.logout_token(sid(ada))})
    bad = ada.post(PATH, {"logout_token": "a.b.c"})

    assert {"no-store"} == {good.headers["Cache-Control"], bad.headers["Cache-Control"]}
    assert (good.content, json.loads(bad.content)) == (b"", {"error": "invalid_request"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(38)
def test_ending_the_session_at_keycloak_reaches_us(ada: Browser, providers: Sandbox, live_server: LiveServer) -> None:
    providers.public_url = live_server.url
    sent = providers.end_session(sid(ada))

    assert sent is not None
    assert (sent.status, ada.account) == (200, None)
