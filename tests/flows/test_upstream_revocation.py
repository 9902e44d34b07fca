"""Upstream revocation: stored tokens are unusable here at once, and at the provider as soon as it can be reached."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import BulkOrder
from accounts.cut_off import check_list, confirm, cut_off
from accounts.models import CutOff, Identity, Session, User
from accounts.privacy.erasing import erase
from accounts.sessions import SessionRevocationReason as EndedBecause
from accounts.sessions import revoke_others
from audit.models import Entry
from foundation.encryption import key_of
from jobs import key_rotation, purging
from providers import registry, upstream
from providers.models import RevocationState, UpstreamRevocation, UpstreamTokens
from providers.refusal import RefusalReason, SignInRefused
from providers.revocation import running
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.revocation.status import not_revoked, revocation_status
from providers.tasks import send_revocations
from providers.vault import NothingStored, SignInAgain, get_token
from sandbox.grants import Kind
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another
from tests.flows.proofs import let_be_proven
from tests.support.memory import forget_providers
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.support.together import leave_nothing_open, together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

HELD = "SELECT query FROM pg_stat_activity WHERE usename = 'vestibule_app' AND state <> 'idle'"
REVOKING = ("google", "github", "keycloak")


@pytest.fixture
def live(providers: Sandbox) -> Callable[[str, str], bool]:
    """Whether the provider itself accepts an access token."""
    return lambda name, token: providers.world.grants.live(token, Provider(name), Kind.ACCESS) is not None


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("keycloak", "ada")
    return User.objects.get()


def row() -> UpstreamRevocation:
    return UpstreamRevocation.objects.get()


def next_try() -> timedelta:
    """The time until the next try of the only row."""
    at = row().next_attempt_at
    assert at
    return at - timezone.now()


def told() -> tuple[str, str, bool]:
    """The state of the only row, and whether it contains tokens."""
    found = row()
    return found.state, found.detail, bool(found.access or found.refresh)


def later(**time: float) -> None:
    """Let time pass for the outbox."""
    by = timedelta(**time)
    UpstreamRevocation.objects.update(
        created_at=F("created_at") - by,
        next_attempt_at=F("next_attempt_at") - by,
        leased_until=F("leased_until") - by,
        expires_at=F("expires_at") - by,
    )


def gave_up() -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action="upstream_tokens.revocation_failed")]


def sign_out(browser: Browser, user: User) -> None:
    assert browser.post("/accounts/logout/?there_too=on").status_code == 302


def end_the_device(browser: Browser, user: User) -> None:
    browser.post(f"/accounts/sessions/{user.sessions.get().public_id}/revoke/")


def disconnect(browser: Browser, user: User) -> None:
    identity = user.identities.get()
    browser.connect(another(identity.provider), "ada")
    let_be_proven(browser)
    assert browser.post(f"/accounts/connections/{identity.pk}/disconnect/").status_code == 302


def deactivate(browser: Browser, user: User) -> None:
    page = f"/admin/accounts/user/{user.pk}/change/"
    root = proven(User.objects.create_superuser(username="root"))
    answer = root.post(page, {"name": user.name, "email": user.email or "", "email_verified": "on"})
    assert answer.status_code == 302


def cut_them_off(browser: Browser, user: User) -> None:
    cut_off(user, by=CutOff.By.COMMAND, reason="a lost laptop", close=False)


def erase_them(browser: Browser, user: User) -> None:
    erase(user, reason="they asked for it")


def end_in_bulk(browser: Browser, user: User) -> None:
    with transaction.atomic():
        ACTIONS["end_sessions"].write(BulkOrder(actor=user), [user.pk])


def deactivate_in_bulk(browser: Browser, user: User) -> None:
    user.sessions.all().delete()
    with transaction.atomic():
        ACTIONS["deactivate"].write(BulkOrder(actor=user), [user.pk])


def delete_signed_out(browser: Browser, user: User) -> None:
    user.sessions.all().delete()
    user.delete()


ACTS: dict[Callable[[Browser, User], None], TokenRevocationReason] = {
    sign_out: TokenRevocationReason.SIGNED_OUT,
    disconnect: TokenRevocationReason.DISCONNECTED,
    deactivate: TokenRevocationReason.DEACTIVATED,
    deactivate_in_bulk: TokenRevocationReason.DEACTIVATED,
    cut_them_off: TokenRevocationReason.CUT_OFF,
    erase_them: TokenRevocationReason.ERASED,
    delete_signed_out: TokenRevocationReason.REMOVED,
}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_every_revoking_act_ends_the_tokens_here_at_once_and_upstream_by_the_job(
    browser: Browser, providers: Sandbox, live: Any, provider: str, act: Callable[[Browser, User], None]
) -> None:
    browser.sign_in(provider, "ada")
    user = User.objects.get()
    token = get_token(user, provider)

    act(browser, user)

    with pytest.raises(NothingStored):
        get_token(user, provider)
    assert (row().reason, row().attempts, providers.counts(provider)["revoke"]) == (ACTS[act], 0, 0)
    assert live(provider, token)

    send_revocations()

    does = provider in REVOKING
    assert live(provider, token) is not does
    assert told() == ("done", "" if does else "not_offered", False)
    assert (providers.counts(provider)["revoke"] > 0) is does
    send_revocations()
    assert (row().attempts, row().next_attempt_at) == (1, None)


# Whose tokens are revoked


def sign_out_here(browser: Browser, user: User) -> None:
    assert browser.post("/accounts/logout/").status_code == 302


def sign_out_in_the_admin(browser: Browser, user: User) -> None:
    User.objects.update(is_staff=True)
    assert browser.post("/admin/logout/").status_code == 200


@pytest.mark.parametrize("act", [sign_out_here, end_the_device, end_in_bulk, sign_out_in_the_admin])
def test_a_plain_sign_out_deletes_the_tokens_and_revokes_none(
    browser: Browser, providers: Sandbox, live: Any, provider: str, act: Callable[[Browser, User], None]
) -> None:
    """The kind of fault: a sign-out here signs the person out at the provider, although the page says otherwise."""
    browser.sign_in(provider, "ada")
    user = User.objects.get()
    token = get_token(user, provider)
    act(browser, user)
    send_revocations()

    with pytest.raises(NothingStored):
        get_token(user, provider)
    assert live(provider, token)
    assert (UpstreamRevocation.objects.count(), providers.counts(provider)["revoke"]) == (0, 0)


def test_an_upstream_sign_out_revokes_the_tokens_of_that_session_only(
    browser: Browser, new_browser: Callable[[], Browser], live: Any
) -> None:
    elsewhere = new_browser()
    browser.sign_in("keycloak", "ada")
    user = User.objects.get()
    first = get_token(user, "keycloak")
    elsewhere.sign_in("keycloak", "ada")

    browser.post("/accounts/logout/?there_too=on")
    send_revocations()
    assert not live("keycloak", first)
    assert live("keycloak", get_token(user, "keycloak"))


def test_tokens_of_no_session_are_valid_until_the_last_sign_out(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    elsewhere = new_browser()
    browser.sign_in("github", "ada")
    elsewhere.sign_in("github", "ada")
    browser.post("/accounts/logout/")
    assert get_token(User.objects.get(), "github")

    elsewhere.post("/accounts/logout/")
    assert not UpstreamTokens.objects.exists()


def test_a_session_that_has_expired_keeps_no_tokens(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    browser.sign_in("keycloak", "ada")

    browser.post("/accounts/logout/")
    assert not UpstreamTokens.objects.exists()


def test_of_two_last_sign_outs_at_once_one_sees_that_it_is_the_last(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    for _ in range(3):
        both = (new_browser(), new_browser())
        for one in both:
            one.sign_in("github", "ada")
        together(*(lambda one=one: one.post("/accounts/logout/").status_code for one in both))

        assert not UpstreamTokens.objects.exists()
        assert not Session.objects.filter(user__isnull=False).exists()


@pytest.mark.parametrize("_round", range(3))
def test_devices_that_end_each_other_at_once_do_not_wait_for_one_another(
    new_browser: Callable[[], Browser], _round: int
) -> None:
    first, second, third = new_browser(), new_browser(), new_browser()
    for one in (first, second, third):
        one.sign_in("keycloak", "ada")

    statuses = together(
        lambda: first.post("/accounts/logout/?there_too=on").status_code,
        lambda: second.post("/accounts/sessions/revoke-others/").status_code,
        lambda: third.post("/accounts/sessions/revoke-others/").status_code,
    )
    assert set(statuses) == {302}


def test_the_end_of_the_last_session_revokes_the_tokens_of_all_methods(browser: Browser, ada: User, live: Any) -> None:
    browser.connect("github", "ada")
    tokens = {name: get_token(ada, name) for name in ("keycloak", "github")}

    browser.post("/accounts/logout/?there_too=on")
    send_revocations()

    assert [live(name, token) for name, token in tokens.items()] == [False, True]
    assert not UpstreamTokens.objects.exists()


def test_nobody_else_loses_anything(browser: Browser, new_browser: Callable[[], Browser], live: Any) -> None:
    grace = new_browser()
    grace.sign_in("keycloak", "grace")
    hers = User.objects.get()
    browser.sign_in("keycloak", "ada")
    browser.post("/accounts/logout/?there_too=on")
    send_revocations()

    assert live("keycloak", get_token(hers, "keycloak"))


def test_ending_sessions_for_another_reason_revokes_nothing(ada: User) -> None:
    revoke_others(ada, keep=None, reason=EndedBecause.ROLE_CHANGED)

    assert not ada.sessions.exists()
    assert get_token(ada, "keycloak")


def test_a_sign_out_at_keycloak_keeps_no_tokens(browser: Browser, ada: User, providers: Sandbox) -> None:
    token = providers.logout_token(ada.sessions.get().upstream_sid)
    assert Browser(providers).post("/accounts/keycloak/backchannel-logout/", {"logout_token": token}).status_code == 200

    assert (UpstreamTokens.objects.exists(), UpstreamRevocation.objects.exists()) == (False, False)


def test_a_person_who_has_come_back_keeps_their_present_tokens(browser: Browser, providers: Sandbox, live: Any) -> None:
    """Many providers revoke all tokens of a person and client together."""
    browser.sign_in("google", "ada")
    browser.post("/accounts/logout/?there_too=on")
    browser.sign_in("google", "ada")
    send_revocations()

    assert live("google", get_token(User.objects.get(), "google"))
    assert (told(), row().identity_id) == (("done", "came_back", False), None)
    assert providers.counts("google")["revoke"] == 0


def test_tokens_that_are_revoked_singly_are_revoked_even_if_the_person_came_back(browser: Browser, live: Any) -> None:
    browser.sign_in("github", "ada")
    user = User.objects.get()
    token = get_token(user, "github")
    browser.post("/accounts/logout/?there_too=on")
    browser.sign_in("github", "ada")
    send_revocations()

    assert (told(), live("github", token)) == (("done", "", False), False)
    assert live("github", get_token(user, "github"))


def test_old_tokens_are_revoked_even_if_the_person_comes_back_after_a_cut_off(
    browser: Browser, ada: User, live: Any
) -> None:
    token = get_token(ada, "keycloak")
    revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
    browser.sign_in("keycloak", "ada")
    send_revocations()

    assert not live("keycloak", token)


def test_signing_in_once_more_in_the_same_browser_leaves_nothing(browser: Browser, ada: User, live: Any) -> None:
    browser.sign_in("keycloak", "ada")

    assert not UpstreamRevocation.objects.exists()
    assert live("keycloak", get_token(ada, "keycloak"))


def test_a_sign_in_over_another_person_signs_them_out(browser: Browser, ada: User, live: Any) -> None:
    browser.sign_in("keycloak", "grace")

    assert not UpstreamTokens.objects.filter(identity__user=ada).exists()
    assert live("keycloak", get_token(User.objects.exclude(pk=ada.pk).get(), "keycloak"))


def test_a_cut_off_is_confirmed_when_the_provider_has_been_told(ada: User, providers: Sandbox) -> None:
    providers.set_fault("keycloak", "revocation_500")
    done = cut_off(ada, by=CutOff.By.COMMAND, reason="a lost laptop", close=True)
    send_revocations()
    assert not confirm(done)
    (check,) = [one for one in check_list(CutOff.objects.get()) if one.label == "Tokens of providers"]
    assert (check.revoked, check.alive, check.confirmed_at) == (1, 1, None)

    providers.clear_faults()
    later(seconds=20)
    send_revocations()
    assert confirm(done)


def test_an_act_that_is_rolled_back_revokes_nothing(ada: User) -> None:
    with transaction.atomic():
        revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
        transaction.set_rollback(True)

    assert not UpstreamRevocation.objects.exists()
    assert get_token(ada, "keycloak")


def test_the_caller_can_ask_for_the_result_of_a_revocation(ada: User) -> None:
    (row_id,) = revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
    assert not_revoked([row_id]) == 1
    send_revocations()
    assert not_revoked([row_id]) == 0

    assert revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF) == []
    assert revoke_tokens([], reason=TokenRevocationReason.CUT_OFF) == []


# The contents of the outbox


def test_the_outbox_names_no_person_and_shows_no_token(ada: User, browser: Browser) -> None:
    token, identity = get_token(ada, "keycloak"), ada.identities.get()
    browser.post("/accounts/logout/?there_too=on")
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM providers_upstreamrevocation t")
        ((stored,),) = cursor.fetchall()

    named = (token, str(ada.pk), identity.subject, identity.email, identity.name)
    assert [text for text in named if text in stored] == []


def test_a_ciphertext_in_another_row_does_not_decrypt(
    browser: Browser, ada: User, new_browser: Any, providers: Any
) -> None:
    revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
    new_browser().sign_in("keycloak", "grace")
    revoke_tokens(Identity.objects.exclude(user=ada), reason=TokenRevocationReason.CUT_OFF)
    first, second = UpstreamRevocation.objects.order_by("created_at")
    UpstreamRevocation.objects.filter(pk=first.pk).update(access=second.access)
    send_revocations()

    assert dict(UpstreamRevocation.objects.values_list("pk", "detail")) == {first.pk: "not_authentic", second.pk: ""}


def test_key_rotation_covers_pending_revocations(ada: User, settings: Any, live: Any) -> None:
    token = get_token(ada, "keycloak")
    revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
    settings.TOKEN_ENCRYPTION_KEYS = [b"k" * 32]
    before = {key_of(row().access), key_of(row().refresh)}

    key_rotation.rotate()

    assert len({key_of(row().access), key_of(row().refresh)} | before) == 2
    send_revocations()
    assert not live("keycloak", token)


def test_what_can_no_longer_be_decrypted_is_given_up_with_the_act(
    browser: Browser, settings: Any, providers: Sandbox
) -> None:
    settings.TOKEN_ENCRYPTION_KEYS = [b"k" * 32]
    browser.sign_in("keycloak", "ada")
    settings.TOKEN_ENCRYPTION_KEYS = []
    browser.post("/accounts/logout/?there_too=on")
    send_revocations()

    assert told() == ("given_up", "key_lost", False)
    assert gave_up() == [{"provider": "keycloak", "reason": "signed_out", "detail": "key_lost", "tries": 0}]
    assert providers.counts("keycloak")["revoke"] == 0


def test_a_row_under_an_absent_key_waits_for_it_and_the_log_names_the_key(
    browser: Browser, settings: Any, caplog: pytest.LogCaptureFixture, live: Any
) -> None:
    """The kind of fault: what one process cannot decrypt is given up as if no process could."""
    settings.TOKEN_ENCRYPTION_KEYS = [b"k" * 32]
    browser.sign_in("keycloak", "ada")
    token = get_token(User.objects.get(), "keycloak")
    browser.post("/accounts/logout/?there_too=on")
    key = key_of(row().access)
    settings.TOKEN_ENCRYPTION_KEYS = []
    send_revocations()

    assert told() == ("waiting", "key_not_here", True)
    assert f"key={key}" in caplog.text
    settings.TOKEN_ENCRYPTION_KEYS = [b"k" * 32]
    later(minutes=1)
    send_revocations()
    assert not live("keycloak", token)


def test_finished_rows_are_purged_and_pending_ones_stay(ada: User, browser: Browser) -> None:
    browser.post("/accounts/logout/?there_too=on")
    later(days=20)
    purging.purge()
    assert row().state == RevocationState.WAITING

    send_revocations()
    purging.purge()
    assert row().state == RevocationState.DONE
    later(days=1, seconds=1)
    purging.purge()
    assert not UpstreamRevocation.objects.exists()
    assert Entry.objects.get(action="upstream_revocation.purged").details == {"count": 1, "finished": True}


# Unavailable providers


@pytest.mark.promise(78)
@pytest.mark.parametrize("fault", ["revocation_hang", "discovery_hang"])
def test_an_unavailable_provider_delays_nobody_and_is_told_when_it_is_back(
    ada: User, browser: Browser, providers: Sandbox, live: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    token = get_token(ada, "keycloak")
    providers.set_fault("keycloak", fault)
    forget_providers()
    started_at = time.monotonic()
    browser.post("/accounts/logout/?there_too=on")
    assert time.monotonic() - started_at < 2.5, "it was not waited for"
    assert browser.account is None

    monkeypatch.setattr(upstream, "DEADLINE", 0.3)
    send_revocations()
    assert told() == ("waiting", "provider_unreachable", True)
    assert next_try() > timedelta(seconds=10)
    send_revocations()
    assert row().attempts == 1  # it pauses

    providers.clear_faults()
    forget_providers()
    later(seconds=20)
    send_revocations()
    assert not live("keycloak", token)
    assert (row().attempts, told()) == (2, ("done", "", False))


def test_an_unavailable_provider_is_tried_once_per_run_and_others_are_told(
    browser: Browser, new_browser: Any, providers: Sandbox, live: Any
) -> None:
    for persona in ("ada", "grace", "nemo"):
        one = new_browser()
        one.sign_in("google", persona)
        one.post("/accounts/logout/?there_too=on")
    browser.sign_in("github", "marie")
    token = get_token(User.objects.get(identities__provider="github"), "github")
    browser.post("/accounts/logout/?there_too=on")
    providers.set_fault("google", "revocation_500")
    providers.forget_requests()

    send_revocations()

    assert providers.counts("google")["revoke"] == 1
    assert not live("github", token)
    (waiting,) = revocation_status()
    assert (waiting.provider, waiting.waiting, waiting.detail) == ("google", 3, "provider_answer_invalid")

    providers.clear_faults()
    UpstreamRevocation.objects.filter(attempts=0).update(next_attempt_at=timezone.now() + timedelta(minutes=30))
    later(seconds=20)
    UpstreamRevocation.objects.filter(attempts=0).update(next_attempt_at=timezone.now() + timedelta(minutes=30))
    send_revocations()  # it works again: the others need not wait longer
    assert revocation_status() == []


def test_a_machine_whose_clock_is_ahead_delays_nothing(
    ada: User, browser: Browser, live: Any, time_machine: Any
) -> None:
    token = get_token(ada, "keycloak")
    time_machine.move_to(timezone.now() + timedelta(minutes=2))
    revoke_tokens(ada.identities.all(), reason=TokenRevocationReason.CUT_OFF)
    time_machine.move_to(timezone.now() - timedelta(minutes=2))
    send_revocations()

    assert not live("keycloak", token)


def test_retries_become_rarer_and_end_after_a_week(ada: User, browser: Browser, providers: Sandbox) -> None:
    browser.post("/accounts/logout/?there_too=on")
    providers.set_fault("keycloak", "revocation_401")
    pauses = []
    for _ in range(12):
        send_revocations()
        pauses.append(next_try().total_seconds())
        UpstreamRevocation.objects.update(next_attempt_at=timezone.now())
    assert all(second > 1.2 * first for first, second in pairwise(pauses[:7]))
    assert all(2700 < pause < 4400 for pause in pauses[-2:])
    assert told() == ("waiting", "provider_answer_invalid", True)

    later(days=7)
    send_revocations()
    assert told() == ("given_up", "provider_answer_invalid", False)
    details = {"provider": "keycloak", "reason": "signed_out", "detail": "provider_answer_invalid", "tries": 13}
    assert gave_up() == [details]


def test_a_provider_that_is_off_is_told_when_it_is_on_again(
    ada: User, browser: Browser, turn_off: Callable[[str], None], settings: Any, live: Any
) -> None:
    token, before = get_token(ada, "keycloak"), settings.SIGN_IN_PROVIDERS
    turn_off("keycloak")
    cut_them_off(browser, ada)
    send_revocations()
    assert told() == ("waiting", "provider_off", True)

    settings.SIGN_IN_PROVIDERS = before
    forget_providers()
    later(minutes=1)
    send_revocations()
    assert not live("keycloak", token)


def test_another_issuer_is_never_shown_what_its_predecessor_gave(
    ada: User, browser: Browser, settings: Any, providers: Sandbox
) -> None:
    keycloak = settings.SIGN_IN_PROVIDERS["keycloak"]
    other = keycloak | {"issuer": f"{providers.base_url}/google"}
    settings.SIGN_IN_PROVIDERS = settings.SIGN_IN_PROVIDERS | {"keycloak": other}
    forget_providers()
    UpstreamTokens.objects.update(expires_at=timezone.now())
    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")
    browser.post("/accounts/logout/?there_too=on")
    providers.forget_requests()
    send_revocations()

    assert told() == ("given_up", "issuer_changed", False)
    assert not {"revoke", "token"} & (providers.counts("google") | providers.counts("keycloak")).keys()


def test_github_answers_not_found_to_wrong_credentials_too_and_is_retried(
    browser: Browser, settings: Any, live: Any
) -> None:
    browser.sign_in("github", "ada")
    token, before = get_token(User.objects.get(), "github"), settings.SIGN_IN_PROVIDERS
    browser.post("/accounts/logout/?there_too=on")
    wrong = before["github"] | {"client_secret": "not this one"}
    settings.SIGN_IN_PROVIDERS = before | {"github": wrong}
    forget_providers()
    send_revocations()
    assert (told()[:2], live("github", token)) == (("waiting", "provider_answer_invalid"), True)

    settings.SIGN_IN_PROVIDERS = before
    forget_providers()
    later(minutes=1)
    send_revocations()
    assert (told()[0], live("github", token)) == ("done", False)


@pytest.mark.parametrize("name", REVOKING)
def test_tokens_that_have_expired_are_no_problem(browser: Browser, providers: Sandbox, name: str) -> None:
    browser.sign_in(name, "ada")
    browser.post("/accounts/logout/?there_too=on")
    providers.world.grants.forget_all()
    send_revocations()

    assert told() == ("done", "", False)


def test_no_connection_is_held_while_a_provider_is_asked(
    ada: User, browser: Browser, providers: Sandbox, servers: Servers
) -> None:
    browser.post("/accounts/logout/?there_too=on")
    providers.set_fault("keycloak", "revocation_hang")
    connection.close()

    def run() -> None:
        try:
            send_revocations()
        finally:
            leave_nothing_open()

    with ThreadPoolExecutor(1) as pool, psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        waiting = pool.submit(run)
        until(lambda: providers.counts("keycloak")["revoke"], seconds=4)
        held = superuser.execute(HELD).fetchall()
        providers.clear_faults()
        waiting.result()

    assert held == []


# Runs that are killed, concurrent or late


@pytest.mark.promise(78)
def test_after_a_kill_the_next_run_continues_when_the_lease_has_expired(ada: User, browser: Browser, live: Any) -> None:
    token = get_token(ada, "keycloak")
    browser.post("/accounts/logout/?there_too=on")
    assert running.claim(set())  # by a process that has died
    assert running.claim(set()) is None
    send_revocations()
    assert (row().attempts, live("keycloak", token)) == (1, True)

    later(seconds=31)
    send_revocations()
    assert (row().attempts, told(), live("keycloak", token)) == (2, ("done", "", False), False)


@pytest.mark.promise(78)
def test_after_a_kill_the_provider_is_told_once_more_which_changes_nothing(
    ada: User, browser: Browser, providers: Sandbox
) -> None:
    browser.post("/accounts/logout/?there_too=on")
    claimed = running.claim(set())
    assert claimed
    running._revoke(claimed)  # noqa: SLF001  # until it is killed
    later(seconds=31)
    send_revocations()

    assert (told(), providers.counts("keycloak")["revoke"]) == (("done", "", False), 4)


@pytest.mark.promise(78)
def test_concurrent_runs_revoke_each_token_once(new_browser: Callable[[], Browser], providers: Sandbox) -> None:
    for persona in ("ada", "grace", "nemo", "marie"):
        one = new_browser()
        one.sign_in("github", persona)
        one.post("/accounts/logout/?there_too=on")
    together(*[send_revocations] * 4)

    assert providers.counts("github")["revoke"] == 4
    assert set(UpstreamRevocation.objects.values_list("state", "attempts")) == {("done", 1)}


def test_a_late_run_does_not_write_over_a_later_one(ada: User, browser: Browser, providers: Sandbox) -> None:
    browser.post("/accounts/logout/?there_too=on")
    late = running.claim(set())
    assert late
    later(seconds=31)
    send_revocations()
    running._postpone(late, SignInRefused(RefusalReason.PROVIDER_UNREACHABLE))  # noqa: SLF001  # its result from long ago

    assert told() == ("done", "", False)


def test_tokens_that_arrive_after_a_cut_off_are_revoked_too(
    ada: User, browser: Browser, monkeypatch: pytest.MonkeyPatch, live: Any
) -> None:
    """The person is cut off during a refresh of their tokens: the new ones belong to nobody."""
    UpstreamTokens.objects.update(given_at=F("given_at") - timedelta(days=1), expires_at=timezone.now())
    keycloak, came = registry.get("keycloak"), []
    asks = keycloak.refreshed

    def while_they_leave(refresh: str, **told: Any) -> Any:
        came.append(asks(refresh, **told))
        cut_off(ada, by=CutOff.By.COMMAND, reason="a lost laptop", close=False)
        return came[0]

    monkeypatch.setattr(keycloak, "refreshed", while_they_leave)
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")

    assert set(UpstreamRevocation.objects.values_list("reason", flat=True)) == {"cut_off", "too_late"}
    send_revocations()
    assert not live("keycloak", came[0].access_token)
