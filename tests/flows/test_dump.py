"""Nobody can impersonate a person with the tables, Redis or the log, now or in a copy: they contain no cookie."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from accounts.models import Session, User
from accounts.models.session import row_key
from accounts.sessions import SessionRevocationReason, SessionStore, revoke_others
from accounts.sessions.digesting import digest
from accounts.tasks import rotate_encryption_keys
from tests.flows.conftest import Browser
from tests.flows.factors import PROVE, add_app, details
from tests.support.authenticator import code
from tests.support.leaks import in_redis, in_tables, in_text, log_of_everything
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db(transaction=True)

COOKIE = "sessionid"
PASSWORD = "a lantern in the stairwell"
LONG_AGO = "UPDATE accounts_session SET last_seen_at = now() - interval '16 minutes'"


def cookies(browser: Browser, name: str) -> dict[str, str]:
    """All cookies except the one that names the provider used last, which opens nothing."""
    held = {cookie.key: cookie.value for cookie in browser.client.cookies.values() if cookie.value}
    return {f"{name}: {key}": value for key, value in held.items() if key != "last_provider"}


def as_before(browser: Browser) -> str:
    """Change the browser's row to what older code wrote, and return its key there."""
    assert Session.objects.of_browser(browser.key).update(session_key=browser.key) == 1
    return Session.objects.get(session_key=browser.key).public_id


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/accounts/").status_code == 200)


@pytest.mark.promise(34, 76)
def test_no_cookie_is_in_any_table_in_redis_or_in_the_log(
    new_browser: Callable[[], Browser], servers: Servers, settings: Any, provider: str
) -> None:
    """The kind of fault: a browser's secret is stored in plain text. Sessions, pending attempts, known browsers."""
    settings.LOCAL_ACCOUNTS = "open"
    User.objects.create_user(username="nora", password=PASSWORD)
    held: dict[str, str] = {}
    with log_of_everything() as log:
        plain = new_browser()
        plain.get("/accounts/login/")
        plain.start(provider)
        held |= cookies(plain, "on the way")
        plain.sign_in(provider, "grace", remember="on")
        plain.start("github", process="connect")
        held |= cookies(plain, "signed in")
        secret = add_app(plain)[0]
        held |= cookies(plain, "with a factor")
        waiting = new_browser()
        waiting.sign_in(provider, "grace")
        assert not is_in(waiting)
        held |= cookies(waiting, "waiting")
        waiting.post(PROVE, {"code": code(secret, steps_ago=-1)})
        assert waiting.account
        held |= cookies(waiting, "by two")
        local = new_browser()
        local.post("/accounts/local/login/", {"name": "nora", "password": PASSWORD})
        assert local.account
        held |= cookies(local, "local")
        plain.post("/accounts/logout/?there_too=on")
        held |= cookies(plain, "signed out")

    assert {name.partition(": ")[2].partition("_")[0] for name in held} >= {COOKIE, "flow", "known"}
    assert in_tables(servers, {"a row's key": row_key(local.key)}), "the search does find"
    assert in_tables(servers, held) == set()
    assert in_redis(servers.valkey.url, held) == set()
    assert in_text(log.getvalue(), held) == set()


@pytest.mark.promise(34, 76)
def test_the_contents_of_a_row_open_nothing(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    """The kind of fault: a value of the table is valid as a cookie, whole or in part, in a new row or an old one."""
    browser.sign_in("google", "ada")
    row = Session.objects.of_browser(browser.key).get()
    thief = new_browser()
    for planted in (
        row.session_key,
        row.session_key[:32],
        row.session_key.upper(),
        row.public_id,
        row.public_id * 2,
        row_key(row.session_key[:32]),
        "",
    ):
        thief.client.cookies[COOKIE] = planted
        assert thief.account is None, planted
        assert not is_in(thief), planted
    as_before(browser)
    thief.client.cookies[COOKIE] = row.session_key
    assert thief.account is None
    assert browser.account


@pytest.mark.promise(34, 76)
def test_the_row_keeps_the_key_that_the_trail_knows(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    today = Session.objects.of_browser(browser.key).get().public_id
    assert as_before(browser) == today


@pytest.mark.promise(34, 76, 81)
def test_an_older_session_continues_and_gets_its_digest(browser: Browser, servers: Servers) -> None:
    """The kind of fault: an upgrade signs people out. It needs no further statement, then or later."""
    browser.sign_in("google", "ada")
    with asked_of_the_database(servers) as usual:
        assert is_in(browser)
    as_before(browser)

    with asked_of_the_database(servers) as first:
        assert is_in(browser)

    assert Session.objects.get().session_key == row_key(browser.key)
    assert len(first.statements) == len(usual.statements)
    assert is_in(browser)


@pytest.mark.promise(34, 76, 81)
def test_acts_in_an_older_session_end_the_others_and_not_itself(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    here, there = browser, new_browser()
    for one in (here, there):
        one.sign_in("google", "ada")
        as_before(one)

    assert here.post("/accounts/sessions/revoke-others/").status_code == 302

    assert is_in(here)
    assert not is_in(there)
    assert [entry["reason"] for entry in details("session.revoked")] == ["owner"]


@pytest.mark.promise(34, 36, 76, 81)
def test_signing_out_ends_an_older_session(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    kept = as_before(browser) and browser.key
    browser.post("/accounts/logout/")
    browser.client.cookies[COOKIE] = kept
    assert browser.account is None
    assert not Session.objects.filter(user__isnull=False).exists()


@pytest.mark.promise(34, 76, 81)
def test_a_sign_in_that_waits_in_an_older_row_continues(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    waiting = new_browser()
    waiting.sign_in("google", "ada")
    as_before(waiting)

    waiting.post(PROVE, {"code": code(secret, steps_ago=-1)})

    assert waiting.account == browser.account


@pytest.mark.promise(34, 76)
def test_a_row_that_is_digested_while_it_is_ended_is_ended(browser: Browser) -> None:
    """The kind of fault: an act lists rows, whose key changes before it deletes them."""
    browser.sign_in("google", "ada")
    as_before(browser)
    stale = list(Session.objects.filter(user__isnull=False))
    assert is_in(browser)
    assert stale[0].session_key != Session.objects.get().session_key

    SessionStore().delete(stale[0].session_key)

    assert not is_in(browser)


@pytest.mark.promise(34, 76)
def test_others_are_ended_before_they_are_digested(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    as_before(browser)
    revoke_others(User.objects.get(), keep=None, reason=SessionRevocationReason.ADMINISTRATOR)
    assert not is_in(browser)


@pytest.mark.promise(34, 76, 81)
def test_older_code_finds_sessions_under_both_keys(browser: Browser, servers: Servers) -> None:
    """It calls ``session_enter`` with the browser's key; a row that it wrote keeps that key for it."""
    browser.sign_in("google", "ada")
    find = "SELECT (f.person).id, (f.session).session_key FROM public.session_enter(%s) f"
    person = User.objects.get().pk
    with psycopg.connect(servers.owner_url, autocommit=True) as before:
        found = before.execute(find, [browser.key]).fetchall()
        assert found == [(person, row_key(browser.key))]
        as_before(browser)
        assert before.execute(find, [browser.key]).fetchall() == [(person, browser.key)]
        assert before.execute(find, [row_key("a" * 32)]).fetchall() == []


@pytest.mark.promise(34, 76, 81)
def test_the_job_digests_unused_rows(browser: Browser, new_browser: Callable[[], Browser], servers: Servers) -> None:
    """The kind of fault: old rows are only migrated on use, so a copy of the table stays valid until they expire."""
    used = new_browser()
    for one in (browser, used):
        one.sign_in("google", "ada")
        as_before(one)
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute(LONG_AGO + " WHERE session_key = %s", [browser.key])

    rotate_encryption_keys()

    assert set(Session.objects.values_list("session_key", flat=True)) == {row_key(browser.key), used.key}
    assert digest(seconds=5) == 0
    assert is_in(browser)
    assert is_in(used), "code of before still uses it: it is digested when code of today looks for it"
    assert set(Session.objects.values_list("session_key", flat=True)) == {row_key(browser.key), row_key(used.key)}
