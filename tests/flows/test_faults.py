"""A provider that lies, fails, hangs or is slow: every fault of the sandbox, at every provider that has it."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now

from accounts.models import Identity, User
from audit.models import Entry
from providers import upstream
from providers.connections import directory
from providers.models import RevocationState, UpstreamRevocation, UpstreamTokens
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.tasks import send_revocations
from providers.vault import VaultUnavailable, get_token
from sandbox.faults import CATALOGUE, Fault, Outcome, Stage
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.expected import TEXTS_OF_PROVIDERS, reason_for
from tests.support.connections import another_sandbox, connection_to
from tests.support.waiting import until
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

EVERY = [
    pytest.param(fault, str(provider), id=f"{fault.key}-{provider}")
    for fault in CATALOGUE.values()
    for provider in fault.providers
]
LEAVING = [case for case in EVERY if case.values[0].stage is Stage.LOGOUT]  # type: ignore[union-attr]  # a fault
REVOKING = [case for case in EVERY if case.values[0].stage is Stage.REVOCATION]  # type: ignore[union-attr]  # a fault
RENEWING = [case for case in EVERY if case.values[0].stage is Stage.REFRESH]  # type: ignore[union-attr]  # a fault
CASES = [case for case in EVERY if case not in LEAVING + REVOKING + RENEWING]
SHORT_DEADLINE = 0.3  # seconds, since forty hanging answers would each take the product's real deadline


@pytest.mark.parametrize(("fault", "provider"), CASES)
@pytest.mark.promise(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 17, 18, 21, 49, 50, 51, 52, 54)
def test_a_fault_has_the_outcome_of_the_catalogue(
    providers: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    provider: str,
) -> None:
    assert _drive_to_outcome(providers, monkeypatch, fault, provider, through=provider) < 3


@pytest.mark.parametrize("of_tenant", [False, True], ids=["site", "tenant"])
@pytest.mark.parametrize("fault", [case.values[0] for case in CASES if case.values[1] == "keycloak"])
@pytest.mark.promise(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 17, 18, 21, 49, 50, 51, 52, 54)
def test_a_fault_has_the_same_outcome_through_a_connection(
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    of_tenant: bool,  # noqa: FBT001  # a case
) -> None:
    with another_sandbox(settings.PUBLIC_URL) as elsewhere:
        connection_to(elsewhere, slug="acme", tenant=town.a.tenant if of_tenant else None)
        _drive_to_outcome(elsewhere, monkeypatch, fault, "keycloak", through="acme")
        elsewhere.clear_faults()
        directory.forget()  # before its servers stop


def test_a_refused_algorithm_is_looked_for_in_the_connection(providers: Sandbox, browser: Browser) -> None:
    connection_to(providers, slug="acme", signing_algorithms=["ES256"])
    _drive(browser, "acme")

    details = Entry.objects.get(action="sign_in.refused").details or {}
    assert details["detail"] == "signed by RS256, while its connection has ES256"


def _drive_to_outcome(
    providers: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Fault, provider: str, *, through: str
) -> float:
    """Sign in under a fault, check that the outcome is that of the catalogue, and return how many seconds it took."""
    if fault.stage is Stage.ID_TOKEN:
        Browser(providers).sign_in(through, "nemo")  # the keys are cached, and there is a nonce to replay
    if fault.slow:
        monkeypatch.setattr(upstream, "DEADLINE", SHORT_DEADLINE)
    accounts_before, identities_before = User.objects.count(), Identity.objects.count()
    providers.set_fault(provider, fault.key)

    browser, started_at = Browser(providers), time.monotonic()
    response = _drive(browser, through)
    took = time.monotonic() - started_at

    assert response.status_code < 500
    assert providers.counts(provider)["leak"] == 0
    assert fault.key == "authorize_code_other" or _codes_stayed_home(providers)
    if _must_sign_in(fault, providers, provider):
        assert response.status_code == 302
        account = User.objects.get(pk=str(browser.account))
        if fault.outcome is Outcome.SIGNED_IN and through == provider:  # a tenant's word on an address counts for less
            assert account.email_verified is not fault.address_unverified
    elif fault.outcome is Outcome.EITHER and browser.account:
        assert response.status_code == 302
    else:
        _assert_refused(response, browser)
        assert (User.objects.count(), Identity.objects.count()) == (accounts_before, identities_before)
        assert fault.outcome is Outcome.EITHER or _reason() == reason_for(fault.key)
    return took


@pytest.mark.parametrize(("fault", "provider"), LEAVING)
@pytest.mark.promise(38)
def test_a_faulty_logout_token_ends_nothing(browser: Browser, providers: Sandbox, fault: Fault, provider: str) -> None:
    browser.sign_in(provider, "ada")
    providers.set_fault(provider, fault.key)
    token = providers.logout_token(providers.sessions(provider)[0].sid)
    answer = Browser(providers).post(f"/accounts/{provider}/backchannel-logout/", {"logout_token": token})

    assert answer.status_code == 400
    assert browser.account
    entry = Entry.objects.get(action="sign_out.refused")
    assert entry.details is not None
    assert entry.details["reason"] == reason_for(fault.key)


@pytest.mark.parametrize(("fault", "provider"), REVOKING)
@pytest.mark.promise(49, 50, 51)
def test_a_failed_revocation_delays_nobody_and_is_retried_if_that_can_help(
    browser: Browser, providers: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Fault, provider: str
) -> None:
    if fault.slow:
        monkeypatch.setattr(upstream, "DEADLINE", SHORT_DEADLINE)
    browser.sign_in(provider, "ada")
    providers.set_fault(provider, fault.key)
    revoke_tokens(Identity.objects.all(), reason=TokenRevocationReason.CUT_OFF)

    send_revocations()

    row = UpstreamRevocation.objects.get()
    has_to_wait = fault.outcome is Outcome.REFUSED
    assert (row.state == RevocationState.WAITING, bool(row.access), row.attempts) == (has_to_wait, has_to_wait, 1)
    assert row.detail in {"provider_answer_invalid", "provider_unreachable"} or not has_to_wait
    assert providers.counts(provider)["leak"] == 0
    providers.clear_faults()
    UpstreamRevocation.objects.filter(state=RevocationState.WAITING).update(next_attempt_at=Now())
    send_revocations()
    assert UpstreamRevocation.objects.get().state == RevocationState.DONE


@pytest.mark.parametrize(("fault", "provider"), RENEWING)
@pytest.mark.promise(1, 3, 4, 5, 8, 49)
def test_nothing_is_stored_of_a_refresh_that_is_refused(
    browser: Browser, providers: Sandbox, settings: Any, fault: Fault, provider: str
) -> None:
    """The kind of fault: a token is verified at sign-in, but not after a refresh (Core, section 12.2)."""
    settings.OFFLINE_ACCESS = frozenset({"google", "microsoft"})
    browser.sign_in(provider, "ada")
    ada, before = User.objects.get(), UpstreamTokens.objects.get()
    UpstreamTokens.objects.update(
        given_at=before.given_at - timedelta(hours=1), expires_at=before.given_at + timedelta(seconds=20)
    )
    providers.set_fault(provider, fault.key)

    first = get_token(ada, provider)

    after = UpstreamTokens.objects.get()
    is_kept = fault.outcome is Outcome.SIGNED_IN
    assert (after.version > before.version, after.health) == (is_kept, "well" if is_kept else "failing")
    if is_kept:
        return
    assert (after.access, after.refresh, after.id_token) == (before.access, before.refresh, before.id_token)
    (entry,) = Entry.objects.filter(action="upstream_tokens.refresh_failed")
    assert entry.details is not None
    assert entry.details["reason"] == after.detail == reason_for(fault.key.removeprefix("refresh_") + "_wrong")
    assert entry.details["detail"]
    UpstreamTokens.objects.update(expires_at=Now())
    with pytest.raises(VaultUnavailable):
        get_token(ada, provider)
    assert first


@pytest.mark.slow
@pytest.mark.promise(50)
def test_a_hanging_provider_costs_no_more_than_the_real_deadline(browser: Browser, providers: Sandbox) -> None:
    providers.set_fault("github", "token_hang")
    started_at = time.monotonic()
    response = _drive(browser, "github")

    assert time.monotonic() - started_at < upstream.DEADLINE + 1
    _assert_refused(response, browser)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "provider"),
    [
        ("discovery_500", "google"),
        ("discovery_issuer_other", "microsoft"),
        ("discovery_file", "keycloak"),
        ("jwks_no_keys", "google"),
    ],
)
@pytest.mark.promise(12)
def test_a_provider_that_has_recovered_works_without_help(
    new_browser: Callable[[], Browser], providers: Sandbox, fault: str, provider: str
) -> None:
    providers.set_fault(provider, fault)
    assert _drive(new_browser(), provider).status_code in {403, 424}
    assert new_browser().get("/accounts/login/").status_code == 200
    providers.clear_faults()

    until(lambda: _drive(new_browser(), provider).status_code == 302, seconds=60)


def test_every_fault_of_the_catalogue_is_a_case_at_each_provider_that_it_fits() -> None:
    tried = {(case.values[0].key, case.values[1]) for case in CASES + LEAVING + REVOKING + RENEWING}  # type: ignore[union-attr]  # a fault

    assert {(key, str(provider)) for key, fault in CATALOGUE.items() for provider in fault.providers} == tried


def test_the_table_of_reasons_has_every_refused_fault() -> None:
    refused = [
        fault.key
        for fault in CATALOGUE.values()
        if fault.outcome is Outcome.REFUSED and fault.stage not in {Stage.REVOCATION, Stage.REFRESH}
    ]

    assert [key for key in refused if reason_for(key) is None] == []


def _drive(browser: Browser, provider: str) -> Any:
    """Go as far as a person can: to the refusal, or to the end."""
    started = browser.start(provider)
    if started.status_code != 302:
        return started
    return browser.get(browser.providers.visit(started.headers["Location"], "ada"))


def _must_sign_in(fault: Fault, providers: Sandbox, provider: str) -> bool:
    if fault.outcome is Outcome.REFUSED_IF_ASKED:
        return providers.counts(provider)["userinfo"] == 0
    return fault.outcome is Outcome.SIGNED_IN


def _codes_stayed_home(providers: Sandbox) -> bool:
    everywhere = [entry for name in ("google", "microsoft", "github", "keycloak") for entry in providers.entries(name)]
    return all(entry.code_from in {"", "unknown", entry.provider} for entry in everywhere)


def _assert_refused(response: Any, browser: Browser) -> None:
    """No session, one entry in the trail, its reference on the page, and nothing that the provider wrote."""
    assert 400 <= response.status_code < 500
    assert browser.account is None
    entry = Entry.objects.get(action="sign_in.refused")
    assert entry.details is not None
    assert entry.details["reason"]
    page: bytes = response.content
    assert re.findall(rb"<code>([^<]+)</code>", page) == [entry.details["reference"].encode()]
    assert [text for text in TEXTS_OF_PROVIDERS if text in page] == []


def _reason() -> str:
    details = Entry.objects.get(action="sign_in.refused").details
    assert details is not None
    return str(details["reason"])
