"""The vault: tokens are encrypted, refreshed by one caller however many there are, and never lost halfway."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Identity, User
from audit.models import Entry
from config.variables import CHECKOUT
from jobs.key_rotation import rotate
from providers import registry
from providers.models import TokenHealth, UpstreamTokens
from providers.openid import OpenIDProvider
from providers.tokens import Tokens, usable
from providers.vault import KeyUnavailable, NothingStored, SignInAgain, VaultUnavailable, count, get_token, pop
from providers.vault import rows as vault_rows
from providers.vault.storage import REFRESH, store
from sandbox.grants import Kind
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another, browser, new_browser, provider

__all__ = ["browser", "new_browser", "provider"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(browser: Browser) -> User:
    """A person with tokens that Keycloak refreshes."""
    browser.sign_in("keycloak", "ada")
    return User.objects.get()


@pytest.fixture
def live(providers: Sandbox) -> Any:
    """Return a function that says whether the provider accepts a token."""
    return lambda name, token: providers.world.grants.live(token, Provider(name), Kind.ACCESS) is not None


def row() -> UpstreamTokens:
    return UpstreamTokens.objects.get()


def in_the_past(by: timedelta, *, lease: bool = False) -> None:
    """Make the tokens older by this much."""
    UpstreamTokens.objects.update(given_at=F("given_at") - by, expires_at=F("expires_at") - by)
    if lease:
        UpstreamTokens.objects.update(leased_until=F("leased_until") - by)


def near_its_end() -> None:
    left = row().expires_at - row().given_at  # type: ignore[operator]
    in_the_past(left - timedelta(seconds=10))


def over() -> None:
    in_the_past(timedelta(days=2), lease=True)


def lost() -> list[dict[str, Any]]:
    return [entry.details or {} for entry in Entry.objects.filter(action="upstream_tokens.lost")]


def test_every_providers_token_is_stored_and_returned(browser: Browser, live: Any, provider: str) -> None:
    browser.sign_in(provider, "ada")
    user = User.objects.get()

    assert live(provider, get_token(user, provider))
    assert count(user) == 1
    with pytest.raises(NothingStored):
        get_token(user, another(provider))


def test_no_token_is_stored_in_plaintext(ada: User, browser: Browser) -> None:
    token = get_token(ada, "keycloak")
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM providers_upstreamtokens t")
        ((stored,),) = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM accounts_session s WHERE s::text LIKE %s", [f"%{token}%"])
        assert cursor.fetchone() == (0,)
    assert token not in stored
    assert not any(token in str(entry.__dict__) for entry in Entry.objects.all())


def test_a_token_is_refreshed_once_before_it_expires(ada: User, providers: Sandbox, live: Any) -> None:
    before = get_token(ada, "keycloak")
    providers.forget_requests()
    near_its_end()

    renewed = get_token(ada, "keycloak")

    assert renewed != before
    assert live("keycloak", renewed)
    assert get_token(ada, "keycloak") == renewed
    assert providers.counts("keycloak")["token"] == 1
    assert (row().version, row().leased_until, row().health) == (2, None, TokenHealth.WELL)


CALLERS = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from accounts.models import User
from django.db import connection
from django.db.models import F
from providers.vault import get_token
user = User.objects.get()
connection.close()
print("ready", flush=True)
sys.stdin.readline()
def ask(_):
    try:
        return get_token(user, "keycloak")
    finally:
        connection.close()
with ThreadPoolExecutor(13) as pool:
    print(json.dumps(list(pool.map(ask, range(13)))))
"""


READERS = """
import json, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from accounts.models import User
from django.db import connection
from providers.vault import get_token
user, ended, counts = User.objects.get(), threading.Event(), [0] * 13
connection.close()
print("ready", flush=True)
def read(place):
    tokens, trouble = set(), ""
    while not ended.is_set():
        try:
            tokens.add(get_token(user, "keycloak"))
        except Exception as failed:
            trouble = repr(failed)
        finally:
            connection.close()
        counts[place] += 1
    return [sorted(tokens), counts[place], trouble]
with ThreadPoolExecutor(13) as pool:
    reading = pool.map(read, range(13))
    while sys.stdin.readline() == "again\\n":
        wanted = [count + 2 for count in counts]  # the one under way may have begun before
        while any(count < least for count, least in zip(counts, wanted)):
            time.sleep(0.001)
        print("all", flush=True)
    ended.set()
    print(json.dumps(list(reading)))
"""
KEYS = [bytes(range(32)), bytes(range(32, 64))]


@contextmanager
def four_processes(script: str, **more: str) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start four processes with the product that wait for a line of input."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **more}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def tell(processes: "list[subprocess.Popen[str]]", word: str) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write(f"{word}\n")
        process.stdin.flush()


def all_read_again(processes: "list[subprocess.Popen[str]]") -> None:
    """Wait until each thread of each process has read, from beginning to end, after this moment."""
    tell(processes, "again")
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "all\n"


def told(processes: "list[subprocess.Popen[str]]") -> list[Any]:
    """Return the output of each of their threads."""
    return [one for process in processes for one in json.loads(process.communicate(timeout=60)[0])]


@pytest.mark.process
@pytest.mark.parametrize("is_over", [False, True])
def test_fifty_callers_in_four_processes_cause_one_refresh(
    ada: User, providers: Sandbox, live: Any, *, is_over: bool
) -> None:
    over() if is_over else near_its_end()
    providers.forget_requests()
    with four_processes(CALLERS) as processes:
        tell(processes, "go")
        tokens = told(processes)

    assert len(tokens) == 52
    assert len(set(tokens)) <= (1 if is_over else 2)
    assert all(live("keycloak", token) for token in set(tokens) if is_over)
    assert providers.counts("keycloak")["token"] == 1
    assert row().version == 2


@pytest.mark.process
def test_fifty_readers_in_four_processes_never_fail_during_key_rotation_and_a_refresh(
    ada: User, providers: Sandbox, settings: Any
) -> None:
    first = get_token(ada, "keycloak")
    settings.TOKEN_ENCRYPTION_KEYS = KEYS
    providers.forget_requests()
    listed = ",".join(b64encode(key).decode() for key in KEYS)
    with four_processes(READERS, TOKEN_ENCRYPTION_KEYS=listed) as processes:
        all_read_again(processes)
        for turn in range(10):
            settings.TOKEN_ENCRYPTION_KEYS = settings.TOKEN_ENCRYPTION_KEYS[::-1]
            rotate()
            if turn == 4:
                near_its_end()
            all_read_again(processes)
        tell(processes, "enough")
        readers = told(processes)

    assert len(readers) == 52
    assert [trouble for _tokens, _count, trouble in readers if trouble] == []
    assert min(count for _tokens, count, _trouble in readers) >= 22
    read = {token for tokens, _count, _trouble in readers for token in tokens}
    assert first in read
    assert len(read) == 2
    assert providers.counts("keycloak")["token"] == 1


def test_a_refused_refresh_token_is_dead_until_the_person_signs_in_there_again(
    ada: User, browser: Browser, providers: Sandbox, live: Any
) -> None:
    over()
    providers.world.grants.forget_all()

    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")
    assert lost() == [{"provider": "keycloak", "reason": "refresh_refused"}]
    assert browser.account is None  # the session that followed it is revoked too (ADR 35)
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")

    browser.sign_in("keycloak", "ada")
    assert live("keycloak", get_token(ada, "keycloak"))
    assert row().health == TokenHealth.WELL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        ("token_500", "provider_answer_invalid"), ("token_not_json", "provider_answer_invalid"),
        ("token_hang", "provider_unreachable"), ("token_429", "provider_answer_invalid"),
        ("token_401", "client_refused"), ("token_400_client", "client_refused"),
    ],
)  # fmt: skip
def test_a_failing_provider_is_not_called_again_for_a_while(
    ada: User, providers: Sandbox, fault: str, detail: str
) -> None:
    near_its_end()
    before = row()
    providers.set_fault("keycloak", fault)

    assert get_token(ada, "keycloak")  # the old one, while it is valid
    assert (row().health, row().failures, row().detail) == (TokenHealth.FAILING, 1, detail)
    assert Entry.objects.filter(action="upstream_tokens.refresh_failed").exists() is (detail == "client_refused")
    providers.forget_requests()
    assert get_token(ada, "keycloak")
    over()
    with pytest.raises(VaultUnavailable):
        get_token(ada, "keycloak")
    assert providers.counts("keycloak")["token"] == 0
    assert row().refresh == before.refresh

    providers.clear_faults()
    UpstreamTokens.objects.update(paused_until=None)
    if fault == "token_not_json":  # it had used up the refresh token before this answer
        with pytest.raises(SignInAgain):
            get_token(ada, "keycloak")
        return
    for token in providers.world.grants._tokens.values():  # noqa: SLF001  # the other faults never processed the request
        token.spent = False
    assert get_token(ada, "keycloak")
    assert (row().health, row().failures) == (TokenHealth.WELL, 0)


@pytest.mark.parametrize("columns", [{"leased_until"}, {"paused_until"}, {"leased_until", "paused_until"}])
def test_a_claim_or_delay_set_by_a_clock_ahead_blocks_nobody(ada: User, columns: set[str]) -> None:
    """A time further ahead than the longest delay was written by a wrong clock."""
    before = get_token(ada, "keycloak")
    near_its_end()
    UpstreamTokens.objects.update(**dict.fromkeys(columns, timezone.now() + timedelta(days=365)))

    assert get_token(ada, "keycloak") != before


def test_tokens_issued_in_the_future_are_refreshed_now(ada: User) -> None:
    """Their expiry was computed from a time in the future, so they would seem valid for a year."""
    before = get_token(ada, "keycloak")
    in_the_past(-timedelta(days=365))

    assert get_token(ada, "keycloak") != before


def test_a_process_killed_before_it_stores_the_answer_leaves_tokens_or_a_clear_end(
    ada: User, providers: Sandbox
) -> None:
    """The provider has issued the next refresh token to a process that has been killed."""
    over()
    kept = vault_rows.read(ada, "keycloak")
    assert vault_rows.claim(kept)
    registry.get("keycloak").refreshed(vault_rows.opened(kept, kept.refresh, REFRESH), subject=kept.subject)

    in_the_past(timedelta(minutes=1), lease=True)
    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")
    assert row().health == TokenHealth.DEAD


def test_a_late_answer_is_stored_even_if_another_process_was_refused_meanwhile(ada: User) -> None:
    """A process that was suspended for longer than its claim continues, and has the only valid refresh token."""
    over()
    late = vault_rows.read(ada, "keycloak")
    assert vault_rows.claim(late)
    refresh = vault_rows.opened(late, late.refresh, REFRESH)
    found = usable(registry.get("keycloak").refreshed(refresh, subject=late.subject))
    assert found
    in_the_past(timedelta(minutes=1), lease=True)
    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")

    vault_rows.store_refreshed(late, found)
    assert (row().health, get_token(ada, "keycloak")) == (TokenHealth.WELL, found.access)


def test_for_a_deactivated_account_nothing_is_stored_and_the_caller_learns_it(ada: User) -> None:
    """The account may be deactivated while the sign-in waits for its identity's lock."""
    before = get_token(ada, "keycloak")
    identity = ada.identities.get()
    assert store(identity, Tokens(access_token="newer", expires_in=3600), provider="keycloak", sid=row().sid)
    User.objects.update(is_active=False)

    assert not store(identity, Tokens(access_token="newest", expires_in=3600), provider="keycloak", sid=row().sid)
    assert not store(identity, Tokens(), provider="keycloak", sid=row().sid)
    User.objects.update(is_active=True)
    assert before != "newer"
    assert not UpstreamTokens.objects.filter(identity=identity).exists()


def test_newer_tokens_of_a_sign_in_are_not_overwritten_by_older_ones(ada: User) -> None:
    near_its_end()
    older = vault_rows.read(ada, "keycloak")
    store(ada.identities.get(), Tokens(access_token="newer", expires_in=3600), provider="keycloak", sid=older.sid)
    newer = get_token(ada, "keycloak")

    found = usable(Tokens(access_token="older", refresh_token="older"))
    assert found
    vault_rows.store_refreshed(older, found)
    assert get_token(ada, "keycloak") == newer


@pytest.mark.parametrize("moved", ["access", "refresh"])
def test_a_ciphertext_of_another_person_does_not_decrypt(browser: Browser, new_browser: Any, moved: str) -> None:
    browser.sign_in("keycloak", "ada")
    ada = User.objects.get()
    new_browser().sign_in("keycloak", "grace")
    hers, theirs = UpstreamTokens.objects.order_by("identity_id")
    setattr(hers, moved, getattr(theirs, moved))
    hers.save()
    if moved == "refresh":
        over()

    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")
    assert lost() == [{"provider": "keycloak", "reason": "not_authentic"}]


@pytest.mark.parametrize("is_over", [False, True])
def test_tokens_under_a_missing_key_are_not_dead_and_the_log_names_the_key(
    ada: User, providers: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture, live: Any, *, is_over: bool
) -> None:
    """During a rolling restart, a process without the newest key finds tokens that another has encrypted with it.

    What one process cannot decrypt must not be treated as if no process could.
    """
    settings.TOKEN_ENCRYPTION_KEYS = KEYS
    rotate()
    if is_over:
        over()
    before = row()
    providers.forget_requests()

    settings.TOKEN_ENCRYPTION_KEYS = KEYS[1:]
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            get_token(ada, "keycloak")
    assert f"key={row().access.split('.')[1]}" in caplog.text
    assert lost() == []
    after = row()
    assert (after.health, after.version, after.leased_until) == (before.health, before.version, None)
    assert providers.counts("keycloak")["token"] == 0

    settings.TOKEN_ENCRYPTION_KEYS = KEYS
    assert live("keycloak", get_token(ada, "keycloak"))


@pytest.mark.parametrize("unknown", ["3.a-key.AAAA", "2.no-such-key.AAAA"])
def test_a_ciphertext_of_a_newer_version_or_an_unknown_key_is_not_dead_either(ada: User, unknown: str) -> None:
    UpstreamTokens.objects.update(access=unknown)

    with pytest.raises(KeyUnavailable):
        get_token(ada, "keycloak")
    assert (row().health, lost()) == (TokenHealth.WELL, [])


@pytest.mark.parametrize(
    "unusable", [{"access_token": "x" * 140_000}, {"access_token": None}, {"access_token": "a\nb"}]
)
def test_if_nothing_can_be_stored_no_older_token_is_returned(
    ada: User, browser: Browser, providers: Sandbox, unusable: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of an earlier sign-in must not be returned as if they were from this one."""
    with monkeypatch.context() as bent:
        exchange = OpenIDProvider.exchange
        bent.setattr(OpenIDProvider, "exchange", lambda *told: replace(exchange(*told), **unusable))
        bent.setattr("providers.verification._check_access_token", lambda *_: None)
        browser.sign_in("keycloak", "ada")

    assert browser.account == str(ada.pk)
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")


def test_a_large_access_token_is_stored_and_returned(browser: Browser, providers: Sandbox, live: Any) -> None:
    """Tokens of large companies are long (450 roles), so the limit must be larger."""
    roles = tuple(f"a-role-with-quite-a-long-name-number-{number:04}" for number in range(600))
    providers.add_persona(Persona("ruler", "Rules much", "Rula", "rula@example.com", roles=roles))
    browser.sign_in("keycloak", "ruler")

    token = get_token(User.objects.get(), "keycloak")
    assert len(token) > 32_768
    assert live("keycloak", token)


def test_popped_tokens_are_no_longer_stored(ada: User) -> None:
    token = get_token(ada, "keycloak")

    (taken,) = pop(Identity.objects.all())

    assert (taken.access, bool(taken.refresh), bool(taken.id)) == (token, True, True)
    assert token not in repr(taken)
    assert (count(ada), pop(Identity.objects.all())) == (0, [])
    with pytest.raises(NothingStored):
        get_token(ada, "keycloak")


@pytest.mark.parametrize(
    ("answered", "lasts"),
    [
        (300, 300), ("300", 300), (0, None), (-1, None), (True, None), ("", None), ("٣", None), (1e12, None),
        (None, None), ([1], None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_a_lifetime_is_read_as_intended_or_ignored(answered: object, lasts: int | None) -> None:
    found = usable(Tokens(access_token="t", expires_in=answered))
    assert found
    assert found.lasts == (None if lasts is None else timedelta(seconds=lasts))


@pytest.mark.parametrize("rubbish", [None, "", 7, "a\nb", "ü", "x" * 140_000, {"a": 1}])
def test_an_invalid_token_is_not_stored(rubbish: object) -> None:
    assert usable(Tokens(access_token=rubbish)) is None
    found = usable(Tokens(access_token="t", refresh_token=rubbish, id_token=rubbish, scope=rubbish))
    assert found
    assert (found.refresh, found.id) == ("", "")


def test_the_person_sees_that_tokens_are_dead_and_renews_them_by_signing_in_there(ada: User, browser: Browser) -> None:
    assert b"on your behalf" not in browser.get("/accounts/connections/").content
    over()
    UpstreamTokens.objects.update(refresh="")
    with pytest.raises(SignInAgain):
        get_token(ada, "keycloak")

    page = browser.get("/accounts/connections/").content.decode()
    assert "Keycloak does not let us work there on your behalf any more" in page
    answer = browser.sign_in("keycloak", "ada", process="reauthenticate", next="/accounts/connections/")

    assert answer.headers["Location"] == "/accounts/connections/"
    page = browser.get("/accounts/connections/").content.decode()
    assert "does not let us work there" not in page
    assert "on your behalf again" in page
    assert get_token(ada, "keycloak")


@pytest.mark.parametrize(("name", "asks"), [("google", True), ("microsoft", True), ("google", False)])
def test_refresh_tokens_are_requested_if_offline_access_is_set(
    browser: Browser, settings: Any, name: str, *, asks: bool
) -> None:
    settings.OFFLINE_ACCESS = frozenset({name} if asks else ())
    browser.sign_in(name, "ada")

    assert bool(row().refresh) is asks
    near_its_end()
    before, after = row().version, get_token(User.objects.get(), name)
    assert after
    assert (row().version > before) is asks


@pytest.mark.parametrize("asks", [True, False])
def test_an_offline_session_is_requested_from_keycloak_only_if_offline_access_is_set(
    browser: Browser, settings: Any, *, asks: bool
) -> None:
    """The site must be able to choose what the provider offers."""
    settings.OFFLINE_ACCESS = frozenset({"keycloak"} if asks else ())
    query = parse_qs(urlsplit(browser.start("keycloak").headers["Location"]).query)

    assert ("offline_access" in query["scope"][0].split()) is asks
    browser.sign_in("keycloak", "ada")
    assert row().refresh


def test_a_person_who_reauthenticates_at_google_consents_again(browser: Browser, settings: Any) -> None:
    settings.OFFLINE_ACCESS = frozenset({"google"})
    first = browser.start("google").headers["Location"]
    browser.sign_in("google", "ada")
    again = browser.start("google", process="reauthenticate").headers["Location"]

    assert ("access_type=offline" in first, "prompt" in first) == (True, False)
    assert "prompt=select_account+consent" in again
