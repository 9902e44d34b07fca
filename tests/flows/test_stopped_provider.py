"""A provider that stops while its documents are cached (ADR 41).

The kind of fault: a cached document counts as evidence that the provider is available.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from audit.models import Entry
from foundation.encryption import encrypt
from providers import reachability, registry, upstream
from providers.cached_document import RETRY_AFTER
from providers.models import TokenHealth, UpstreamTokens
from providers.vault import SignInAgain, VaultUnavailable, get_token
from providers.vault.refreshing import refresh_tokens
from providers.vault.rows import claim, mark_dead, read
from providers.vault.storage import REFRESH, owner
from sandbox import delivery
from sandbox.server import Handler, Sandbox
from tests.flows.conftest import Browser, refusals
from tests.flows.test_following_upstream import asked
from tests.support.stopping import WAYS, stopped
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = "/accounts/sessions/"
WITHIN = RETRY_AFTER + 12  # seconds, on a busy machine; everything else that is cached lasts a minute or longer
REASONS = {"refuses": "provider_unreachable", "hangs": "provider_unreachable", "502": "provider_answer_invalid"}
HEADINGS = {"refuses": "is not answering", "hangs": "is not answering", "502": "has a problem"}
BLAME = (
    "Sign-in cancelled",
    "did not pass our security checks",
    "set up wrongly",
    "did not accept this sign-in",
    "start again",
)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the product's deadline, since two dozen hanging answers would each take it."""
    monkeypatch.setattr(upstream, "DEADLINE", 1.0)
    monkeypatch.setattr(reachability, "PATIENCE", 1.0)


@pytest.fixture(params=WAYS)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def warm(browser: Browser, provider: str) -> None:
    """Cache everything that a sign-in needs, as on a site in use."""
    browser.sign_in(provider, "ada")
    browser.post("/accounts/logout/")


def check_told(answer: Any, provider: str, how: str) -> None:
    """The page is true, blames nobody, and keeps the person's destination."""
    page = unescape(answer.content.decode())
    assert (answer.status_code, HEADINGS[how] in page) == (424, True), page
    assert [words for words in BLAME if words in page] == []
    assert f'href="/accounts/{provider}/login/?next={NEXT.replace("/", "%2F")}"' in page
    assert refusals()[-1] == REASONS[how]


def is_noted(provider: str) -> bool:
    """Whether the sign-in page has the button, with a note that the provider did not answer."""
    page = Client().get("/accounts/login/").content.decode()
    assert f'action="/accounts/{provider}/login/' in page
    _, _, note = page.partition(f'id="about-{provider}">')
    return "It could not be used a moment ago." in note.partition("</p>")[0]


@pytest.mark.promise(21, 50, 51)
def test_the_button_leads_to_a_page_that_says_so_and_works_at_once_when_it_is_back(
    browser: Browser, providers: Sandbox, provider: str, how: str
) -> None:
    """The kind of fault: a button leads to the browser's own error page."""
    warm(browser, provider)
    with stopped(providers, how):
        assert Client().get(f"/accounts/login/?next={NEXT}").status_code == 200
        check_told(browser.start(provider, next=NEXT), provider, how)
        assert is_noted(provider)

    until(lambda: browser.start(provider, next=NEXT).status_code == 302, seconds=WITHIN)
    assert browser.sign_in(provider, "ada", next=NEXT).headers["Location"] == NEXT
    assert not is_noted(provider)


@pytest.mark.promise(21, 50, 51)
def test_a_person_at_the_provider_when_it_stops_comes_back_to_such_a_page(
    browser: Browser, providers: Sandbox, provider: str, how: str
) -> None:
    warm(browser, provider)
    people = User.objects.count()
    callback = browser.callback_url(provider, "grace", next=NEXT)
    with stopped(providers, how):
        check_told(browser.get(callback), provider, how)
        assert (browser.account, User.objects.count()) == (None, people)

    until(lambda: browser.start(provider, next=NEXT).status_code == 302, seconds=WITHIN)
    assert browser.sign_in(provider, "grace", next=NEXT).headers["Location"] == NEXT


@pytest.mark.promise(21, 50, 51)
def test_expired_tokens_are_never_returned_and_nobody_is_signed_out(
    browser: Browser, providers: Sandbox, settings: Any, provider: str, how: str
) -> None:
    """The kind of fault: a token that has expired is returned because there is no better one."""
    settings.OFFLINE_ACCESS = frozenset({"google", "microsoft"})
    browser.sign_in(provider, "ada")
    user, pair = User.objects.get(), UpstreamTokens.objects.get()
    if provider == "github":  # a GitHub App's tokens expire, and can be refreshed
        refresh = encrypt("ghr_x", owner=owner(pair.identity_id, user.pk), purpose=REFRESH)
        lasts = timezone.now() + timedelta(hours=8)
        UpstreamTokens.objects.update(refresh=refresh, expires_at=lasts)
    living = get_token(user, provider)
    with stopped(providers, how):
        UpstreamTokens.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
        assert get_token(user, provider) == living, "near its end, and good"
        UpstreamTokens.objects.update(paused_until=None)
        asked()
        UpstreamTokens.objects.update(expires_at=timezone.now() - timedelta(seconds=1), paused_until=None)
        for _ in range(2):  # the first call asks, the second one is within the pause
            with pytest.raises(VaultUnavailable):
                get_token(user, provider)
        assert UpstreamTokens.objects.get().health == TokenHealth.FAILING
        assert browser.account == str(user.pk)

    assert not Entry.objects.filter(
        action__in=("session.revoked", "upstream_tokens.lost", "upstream_tokens.refresh_failed")
    ).exists()
    if provider != "github":
        UpstreamTokens.objects.update(paused_until=None)
        assert get_token(user, provider) != living


@pytest.mark.promise(21, 50, 51)
def test_a_session_in_doubt_is_not_sent_to_an_unavailable_provider(
    browser: Browser, providers: Sandbox, how: str
) -> None:
    browser.sign_in("keycloak", "ada")
    UpstreamTokens.objects.update(health=TokenHealth.DEAD)
    Session.objects.update(unverified_since=timezone.now())
    with stopped(providers, how):
        assert browser.get("/accounts/").status_code == 200

    until(lambda: browser.get("/accounts/").status_code == 302, seconds=WITHIN)


@pytest.mark.promise(21, 50, 51)
def test_a_sign_out_there_too_ends_the_session_here_and_says_where_one_may_still_be_signed_in(
    browser: Browser, providers: Sandbox, how: str
) -> None:
    browser.sign_in("keycloak", "ada")
    with stopped(providers, how):
        answer = browser.post("/accounts/logout/?there_too=on")
        assert answer.headers["Location"] == "/accounts/login/"
        assert "You are signed out here, but not at Keycloak" in browser.get("/accounts/login/").content.decode()

    assert browser.account is None


@pytest.mark.promise(21, 50, 51)
def test_a_provider_that_has_just_answered_is_not_checked_again(browser: Browser, providers: Sandbox) -> None:
    """A check costs a call without an open connection, and nothing with one."""
    warm(browser, "keycloak")
    providers.forget_requests()
    browser.sign_in("keycloak", "ada")
    assert providers.counts("keycloak")["discovery"] == 0

    registry.get("keycloak").upstream.close()
    assert [browser.start("keycloak").status_code for _ in range(3)] == [302] * 3
    assert providers.counts("keycloak")["discovery"] == 1


def calls(browser: Browser, providers: Sandbox, provider: str) -> Counter[str]:
    """Sign in and out again, and return the requests to the provider, of the browser and of ours."""
    providers.forget_requests()
    warm(browser, provider)
    return providers.counts(provider)


@pytest.mark.promise(21, 50, 51)
def test_a_provider_that_closes_each_connection_is_not_checked_again_either(
    browser: Browser, providers: Sandbox, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of fault: each sign-in costs another call at a provider with HTTP/1.0. A stop is still detected."""
    warm(browser, provider)
    kept = calls(browser, providers, provider)
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.0")
    head = delivery._head  # noqa: SLF001  # where the sandbox writes the HTTP version
    monkeypatch.setattr(delivery, "_head", lambda *told: head(*told).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    registry.get(provider).upstream.close()
    warm(browser, provider)

    assert calls(browser, providers, provider) == kept
    with stopped(providers, "refuses"):
        check_told(browser.start(provider, next=NEXT), provider, "refuses")


@pytest.mark.promise(21, 50, 51)
def test_a_provider_with_only_faulty_documents_is_used_with_the_cached_ones(
    browser: Browser, providers: Sandbox
) -> None:
    """It answers, so the cached documents are used."""
    warm(browser, "keycloak")
    registry.get("keycloak").upstream.close()
    providers.set_fault("keycloak", "discovery_500")

    assert browser.sign_in("keycloak", "ada", next=NEXT).headers["Location"] == NEXT


@pytest.mark.parametrize(("meanwhile", "ends"), [("refused", SignInAgain), ("brought, and over", VaultUnavailable)])
@pytest.mark.promise(21, 50, 51)
def test_tokens_that_another_process_has_stored_meanwhile_are_returned_if_alive(
    browser: Browser, providers: Sandbox, meanwhile: str, ends: type[Exception]
) -> None:
    """The kind of fault: another process's row counts as newer, whatever it contains."""
    browser.sign_in("keycloak", "ada")
    user = User.objects.get()
    UpstreamTokens.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ours = read(user, "keycloak")
    assert claim(ours)
    if meanwhile == "refused":
        mark_dead(read(user, "keycloak"), "refresh_refused")
    else:
        UpstreamTokens.objects.update(version=F("version") + 1)
    providers.world.grants.forget_all()

    with pytest.raises(ends):
        refresh_tokens(ours, "a refresh token that is none")


@pytest.mark.promise(21, 50, 51)
def test_a_crowd_at_the_button_of_one_that_hangs_is_answered_in_time(
    new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    browsers = [new_browser() for _ in range(8)]
    warm(browsers[0], "keycloak")
    with stopped(providers, "hangs"):
        began_at = time.monotonic()
        statuses = together(*(lambda one=one: one.start("keycloak", next=NEXT).status_code for one in browsers))
        took = time.monotonic() - began_at

    assert set(statuses) <= {302, 424}
    assert 424 in statuses
    assert took < 15
