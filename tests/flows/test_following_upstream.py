"""Revalidation: people whose session ended at their provider are signed out here, and nobody else is (ADR 35)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from accounts.models import Identity, Session, User
from audit.models import Entry
from foundation.cache import Cache
from providers.models import TokenHealth, UpstreamTokens
from providers.revalidation.refreshing import revalidate
from providers.tasks import revalidate_session
from providers.vault import count, get_token
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.flows.conftest import Browser
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db(transaction=True)

NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def sid_of(user: User) -> str:
    return str(user.sessions.order_by("-created_at")[0].upstream_sid)


def due() -> None:
    """Make the revalidation of every session due."""
    Session.objects.filter(revalidate_at__isnull=False).update(revalidate_at=timezone.now() - timedelta(seconds=1))
    UpstreamTokens.objects.update(given_at=F("given_at") - timedelta(minutes=5))


def asked() -> None:
    """Run the job for every session."""
    due()
    for row in Session.objects.filter(user__isnull=False):
        revalidate(row.public_id)


def ask_what_waits() -> int:
    """Process the messages as a worker does, and return their number."""
    broker: Any = cast("Cache", cache).redis()
    count = 0
    while message := broker.rpop(settings.CELERY_TASK_DEFAULT_QUEUE):
        _, told, _ = json.loads(base64.b64decode(json.loads(cast("bytes", message))["body"]))
        assert set(told) == {"session_id"}, "ids only"
        revalidate_session(**told)
        count += 1
    return count


@pytest.fixture(autouse=True)
def _no_messages() -> None:
    cast("Cache", cache).redis().delete(settings.CELERY_TASK_DEFAULT_QUEUE)


def ended() -> list[dict[str, Any]]:
    return [
        {name: value for name, value in (entry.details or {}).items() if name != "session"}
        for entry in Entry.objects.filter(action="session.revoked").order_by("id")
    ]


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return User.objects.get()


@pytest.mark.parametrize("how", ["disabled", "session over", "all tokens over"])
@pytest.mark.promise(38)
def test_a_session_ended_at_keycloak_without_a_message_is_ended_here_and_the_person_told(
    ada: User, browser: Browser, providers: Sandbox, how: str
) -> None:
    """The kind of fault: a session ends upstream without a message."""
    if how == "all tokens over":
        providers.world.grants.forget_all()
    else:
        providers.world.grants.revoke_session(sid_of(ada))
    asked()

    assert browser.account is None
    assert ended() == [{"reason": "provider", "provider": "keycloak", "detail": "invalid_grant"}]
    page = browser.get("/accounts/login/").content
    assert b"because your session at Keycloak has ended" in page
    assert b"because your session" not in browser.get("/accounts/login/").content
    browser.sign_in("keycloak", "ada")
    assert browser.account == str(ada.pk)


@pytest.mark.promise(38)
def test_two_devices_have_two_upstream_sessions_that_end_separately(
    ada: User, browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    first = sid_of(ada)
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    assert UpstreamTokens.objects.count() == 2
    providers.world.grants.revoke_session(first)
    asked()

    assert (browser.account, elsewhere.account) == (None, str(ada.pk))
    assert [row.sid for row in UpstreamTokens.objects.all()] == [sid_of(ada)]
    assert get_token(ada, "keycloak")


@pytest.mark.promise(38)
def test_callers_get_the_token_of_their_own_session_or_the_newest_live_one(
    ada: User, new_browser: Callable[[], Browser]
) -> None:
    first = ada.sessions.get()
    own = get_token(ada, "keycloak")
    new_browser().sign_in("keycloak", "ada")

    assert get_token(ada, "keycloak") != own
    assert get_token(ada, "keycloak", in_session=first) == own
    UpstreamTokens.objects.filter(sid=first.upstream_sid).update(health=TokenHealth.DEAD)
    assert get_token(ada, "keycloak", in_session=first) != own
    assert count(ada) == 1


@pytest.mark.parametrize(
    "fault",
    ["token_500", "token_429", "token_401", "token_400_client", "token_not_json", "token_html"],
)
@pytest.mark.promise(38)
def test_an_outage_and_a_misconfiguration_end_nothing(
    ada: User, browser: Browser, providers: Sandbox, fault: str
) -> None:
    providers.set_fault("keycloak", fault)
    asked()

    assert browser.account == str(ada.pk)
    assert ended() == []
    assert UpstreamTokens.objects.get().health == TokenHealth.FAILING


@pytest.mark.parametrize("lost", ["token_not_json", "killed"])
@pytest.mark.promise(38)
def test_after_a_lost_answer_a_refusal_proves_nothing(
    ada: User, browser: Browser, providers: Sandbox, lost: str
) -> None:
    """The kind of fault: we cause a refusal ourselves by sending a refresh token twice."""
    if lost == "killed":
        UpstreamTokens.objects.update(leased_until=timezone.now() - timedelta(minutes=1))
        providers.world.grants.forget_all()
    else:
        providers.set_fault("keycloak", lost)
        asked()
        providers.clear_faults()
        UpstreamTokens.objects.update(paused_until=None)
    asked()

    assert UpstreamTokens.objects.get().health == TokenHealth.DEAD
    assert ended() == []
    asked_back = browser.get("/accounts/sessions/").headers["Location"]
    assert "prompt=none" in asked_back
    answer = browser.get(Visitor().open(asked_back).location)
    assert (
        answer.headers["Location"] == "/accounts/keycloak/login/?next=%2Faccounts%2Fsessions%2F&process=reauthenticate"
    )
    browser.sign_in("keycloak", "ada", process="reauthenticate", next="/accounts/sessions/")
    assert browser.get("/accounts/sessions/").status_code == 200
    assert browser.account == str(ada.pk)


@pytest.mark.promise(38)
def test_a_person_who_does_not_return_in_time_is_signed_out(ada: User, browser: Browser) -> None:
    UpstreamTokens.objects.update(health=TokenHealth.DEAD)
    Session.objects.update(unverified_since=timezone.now() - timedelta(minutes=16))
    browser.get("/accounts/")

    assert browser.account is None
    assert ended() == [{"reason": "provider", "provider": "keycloak", "detail": "answer_lost"}]


# When the provider is asked


@pytest.mark.promise(38)
def test_a_session_in_use_is_revalidated_in_time_and_once(
    ada: User, browser: Browser, providers: Sandbox, later: Callable[..., None]
) -> None:
    providers.forget_requests()
    browser.get("/accounts/", **NAVIGATION)
    assert providers.counts("keycloak")["token"] == 0

    UpstreamTokens.objects.update(given_at=F("given_at") - timedelta(minutes=6))
    later(minutes=6)
    for _ in range(3):
        browser.get("/accounts/", **NAVIGATION)
    assert ask_what_waits() == 1
    assert providers.counts("keycloak")["token"] == 1
    assert UpstreamTokens.objects.get().version == 2


@pytest.mark.parametrize(
    ("path", "headers", "counts"),
    [
        ("/accounts/", NAVIGATION, True),
        ("/accounts/", {}, True),
        ("/accounts/", {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}, False),
        ("/accounts/", {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
        ("/api/v1/me", {}, False),
    ],
)
@pytest.mark.promise(38)
def test_a_script_a_frame_and_a_poll_do_not_count_as_use(
    ada: User, browser: Browser, providers: Sandbox, path: str, headers: dict[str, str], *, counts: bool
) -> None:
    due()
    providers.forget_requests()
    browser.get(path, **headers)

    assert ask_what_waits() == int(counts)
    assert providers.counts("keycloak")["token"] == int(counts)


@pytest.mark.promise(38)
def test_a_session_without_refresh_tokens_is_not_revalidated(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("github", "ada")
    asked()

    assert Session.objects.get(user__isnull=False).revalidate_at is None
    assert browser.account


@pytest.mark.parametrize("name", ["google", "keycloak"])
@pytest.mark.promise(38)
def test_it_can_be_turned_off(browser: Browser, settings: Any, name: str) -> None:
    told = settings.SIGN_IN_PROVIDERS
    settings.SIGN_IN_PROVIDERS = told | {name: told[name] | {"refresh_interval": 0}}
    browser.sign_in(name, "ada")

    assert Session.objects.get(user__isnull=False).revalidate_at is None


@pytest.mark.promise(38)
def test_what_is_not_due_costs_nothing(ada: User, browser: Browser, servers: Servers) -> None:
    browser.get("/accounts/", **NAVIGATION)
    with redis.Redis.from_url(servers.valkey.url) as valkey, asked_of_the_database(servers) as asked:
        before = valkey.info("stats")["total_commands_processed"]
        browser.get("/accounts/", **NAVIGATION)
        after = valkey.info("stats")["total_commands_processed"]

    assert (after - before, len(asked.statements)) == (1, 1), asked


@pytest.mark.promise(38)
def test_the_choice_to_stay_signed_in_says_what_ends_the_session_anyway(browser: Browser) -> None:
    """The kind of fault: another party's limit breaks our promise (Keycloak's own session ends after ten hours)."""
    warning = b"Your session here can end sooner"

    assert warning in browser.get("/accounts/login/?remember=on").content
    assert warning not in browser.get("/accounts/login/").content


# Sign-out


@pytest.mark.promise(38)
def test_a_plain_sign_out_deletes_the_sessions_tokens_and_revokes_none(
    ada: User, browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    first = sid_of(ada)
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    browser.post("/accounts/logout/")

    assert providers.counts("keycloak")["revoke"] == 0
    assert [row.sid for row in UpstreamTokens.objects.all()] == [sid_of(ada)]
    assert first in {session.sid for session in providers.sessions("keycloak")}
    elsewhere.post("/accounts/logout/")
    assert not UpstreamTokens.objects.exists()


@pytest.mark.promise(38)
def test_sessions_of_an_identity_without_a_sid_end_with_its_tokens(
    browser: Browser, settings: Any, providers: Sandbox
) -> None:
    settings.OFFLINE_ACCESS = frozenset({"google"})
    browser.sign_in("google", "ada")
    assert [row.sid for row in UpstreamTokens.objects.all()] == [""]
    providers.world.grants.forget_all()
    asked()

    assert browser.account is None
    assert Identity.objects.exists()
