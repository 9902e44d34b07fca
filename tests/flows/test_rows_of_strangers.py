"""Anonymous requests write only as many rows as limits allow, however often they are repeated.

The kind of fault: a URL writes a row for each anonymous request without checking a limit, or its limit does not work
while Redis is unavailable. Every URL of the site is tried, with every field that a form there might have, and the rows
of every table are counted.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import MailedLink, Purpose, User
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.models import Entry
from foundation.windows import Windows
from sandbox.server import Sandbox
from tests.support.product import PACKAGES
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)

JUNK = {
    "uuid": "0d9ff3c1-31b5-4a0e-9d2e-0d7a5f6f2c11",
    "int": "7",
    "slug": "keycloak",
    "str": "abc",
    "path": "a/b",
}
NAMES = (
    "username password name credential code state error token of q p action for old_password new_password1 "
    "new_password2 role tenant reason iss id email remember"
)
FIELDS = dict.fromkeys(NAMES.split(), "junk") | {
    "email": "somebody@example.com",
    "next": "/admin/",
    "process": "connect",
    "logout_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.c2ln",
}
KEY = "abcdefghijklmnopqrstuvwxyz234567"
TOKENS = {
    "authorization": "Bearer junk",
    "x-api-key": "junk",
    "x-forwarded-for": "203.0.113.9",
    "user-agent": "\x00junk",
}
REFERENCE = re.compile(rb'class="reference">[^<]*<code>([^<]+)</code>')
FEW = 2


@pytest.fixture(autouse=True)
def _little_room(monkeypatch: pytest.MonkeyPatch, settings: Any, time_machine: Any) -> None:
    """Make limits small and freeze the time, so that few rounds exhaust every window."""
    time_machine.move_to(datetime.now(UTC), tick=False)
    settings.LOCAL_ACCOUNTS = "open"
    settings.RATE_LIMITS_EXEMPT = []
    settings.PUBLIC_URL = "http://testserver"  # with a host name there are passkeys, whose page creates a session
    monkeypatch.setattr(rate_limits, "HERE", Windows())
    monkeypatch.setattr(login_throttle, "FREE_OF_IP_ADDRESS", FEW)
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGES):
            for attribute, value in list(vars(module).items()):
                if isinstance(value, Limit):
                    monkeypatch.setattr(module, attribute, replace(value, most=FEW))


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        here = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, here)
        else:
            assert isinstance(pattern, URLPattern)
            yield re.sub(r"<(?:(\w+):)?\w+>|\(\?P<(\w+)>.*\)", lambda found: JUNK[found[1] or "str"], here)


def everywhere(town: Town) -> list[str]:
    found = {f"/{address}" for address in addresses(get_resolver())}
    found |= {
        f"/accounts/{provider}/login/{rest}"
        for provider in ("google", "microsoft", "github")
        for rest in ("", "callback/")
    }
    return sorted(
        found | {address.replace(JUNK["uuid"], str(town.a.tenant.pk)) for address in found} | {"/nowhere", "/%00"}
    )


def crawl(paths: list[str], *, lenient: bool = False) -> list[bytes]:
    """Request every URL without cookies, with junk cookies, and without CSRF tokens."""
    pages = []
    for path in paths:
        for client in (
            Client(raise_request_exception=False),
            Client(raise_request_exception=False, enforce_csrf_checks=True),
        ):
            client.cookies.load(
                {"sessionid": KEY, "csrftoken": "junk", "known_device": "a:b:c", "flow_abcdefgh": "junk"}
            )
            for answer in (
                client.get(path),
                client.get(path, FIELDS, headers=TOKENS),
                client.post(path, FIELDS, headers=TOKENS),
                Client(raise_request_exception=False).post(path, FIELDS),
            ):
                assert answer.status_code < 500 or (lenient and answer.status_code == 503), (path, answer.status_code)
                pages.append(b"".join(answer))
    return pages


@pytest.fixture
def rows(servers: Servers) -> Iterator[Callable[[], dict[str, int]]]:
    with psycopg.connect(servers.superuser_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()

        def count() -> dict[str, int]:
            counted = {}
            for (table,) in tables:
                row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  # a name from the database
                assert row
                counted[table] = row[0]
            return counted

        yield count


def more(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {table: count - before[table] for table, count in after.items() if count != before[table]}


def entries(counted: dict[str, int]) -> int:
    """Entries of all months together."""
    return sum(count for table, count in counted.items() if table.startswith("audit_entry"))


def every_reference_leads_somewhere(pages: list[bytes]) -> None:
    shown = {found.decode() for page in pages for found in REFERENCE.findall(page)}
    kept = {entry.details["reference"] for entry in Entry.objects.filter(details__has_key="reference") if entry.details}
    assert shown <= kept


@pytest.mark.slow
@pytest.mark.parametrize("passwords", [True, False], ids=["passwords on", "passwords off"])
@pytest.mark.promise(96, 100)
def test_a_crawl_of_every_address_writes_no_more_however_often_it_is_repeated(
    providers: Sandbox, town: Town, rows: Callable[[], dict[str, int]], settings: Any, *, passwords: bool
) -> None:
    settings.LOCAL_PASSWORDS = passwords
    paths = everywhere(town)
    assert len(paths) > 100
    before = rows()
    pages = crawl(paths)
    first = rows()
    pages += crawl(paths)

    assert more(first, rows()) == {}
    assert 0 < entries(more(before, first)) < 20
    assert more(before, first).get("accounts_session", 0) <= FEW
    every_reference_leads_somewhere(pages)


@pytest.mark.slow
@pytest.mark.promise(96, 100)
def test_neither_does_it_without_redis(
    providers: Sandbox, town: Town, rows: Callable[[], dict[str, int]], settings: Any, cache_away: Callable[[], None]
) -> None:
    settings.LOCAL_PASSWORDS = False
    cache_away()
    paths = everywhere(town)
    before = rows()
    pages = crawl(paths, lenient=True)
    first = rows()
    pages += crawl(paths, lenient=True)

    assert more(first, rows()) == {}
    assert 0 < entries(more(before, first)) < 10
    every_reference_leads_somewhere(pages)


@pytest.mark.promise(96, 100)
def test_guessing_mailed_links_writes_nothing(rows: Callable[[], dict[str, int]], client: Client) -> None:
    User.objects.create_user(email="ada@example.com", email_verified=True)
    MailedLink.objects.create(
        digest="0" * 64,
        purpose=Purpose.PASSWORD_RESET,
        email="ada@example.com",
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    before = rows()
    for number in range(20):
        client.get(f"/accounts/links/{number}/")
        client.post(f"/accounts/links/{number}/", FIELDS)

    assert more(before, rows()) == {}


@pytest.mark.parametrize("away", [False, True], ids=["redis there", "redis away"])
@pytest.mark.promise(96, 100)
def test_disabled_passwords_leave_a_limited_number_of_entries_and_one_of_the_limit(
    providers: Sandbox,
    client: Client,
    settings: Any,
    cache_away: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    away: bool,
) -> None:
    settings.LOCAL_PASSWORDS = False
    monkeypatch.setattr(rate_limits, "REFUSALS", Limit(kind="refusals", most=5, seconds=86_400))
    monkeypatch.setattr(rate_limits, "OF_EVERYBODY", Limit(kind="refusals.all", most=50, seconds=86_400))
    if away:
        cache_away()
    answers = [client.post("/admin/login/", {"username": "a", "password": "b"}).status_code for _ in range(20)]

    assert answers == [403] * 5 + [429] * 15
    assert Entry.objects.filter(action="sign_in.refused").count() == 5
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1


@pytest.mark.parametrize("away", [False, True], ids=["redis there", "redis away"])
@pytest.mark.promise(96, 100)
def test_many_ip_addresses_do_not_bypass_the_limit(
    providers: Sandbox,
    client: Client,
    settings: Any,
    cache_away: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    *,
    away: bool,
) -> None:
    settings.LOCAL_PASSWORDS = False
    monkeypatch.setattr(rate_limits, "OF_EVERYBODY", Limit(kind="refusals.all", most=7, seconds=86_400))
    if away:
        cache_away()
    for number in range(30):
        client.post("/admin/login/", {"username": "a"}, REMOTE_ADDR=f"2001:db8:{number:x}::1")

    assert Entry.objects.filter(action="sign_in.refused").count() == 7
    (limit,) = Entry.objects.filter(action="rate_limit.exceeded")
    assert limit.details
    assert limit.details["kind"] == "refusals.all"


@pytest.mark.promise(96, 100)
def test_windows_of_this_process_are_bounded_whatever_is_counted(time_machine: Any) -> None:
    time_machine.move_to(600_000_000, tick=False)
    windows = Windows(most=3)
    counts = [windows.count(f"name {number}", seconds=60, rest="rest") for number in range(10)]
    assert counts == [1, 1, 1, 1, 2, 3, 4, 5, 6, 7], "what comes anew is counted together"
    assert windows.count("name 0", seconds=60, rest="rest") == 2

    time_machine.move_to(600_000_121, tick=False)
    assert windows.count("name 7", seconds=60, rest="rest") == 1, "what is over makes room"
