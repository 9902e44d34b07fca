"""The conditions that a target must meet for its speed to count, tested on the running target."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.journeys import choose, start
from bench.measuring import Measured
from bench.provider import people
from bench.running import DATABASE
from bench.wire import Browser, Connection

LIES = ("signature_forged", "signature_stripped", "nonce_wrong", "nonce_missing", "iss_wrong", "aud_wrong", "exp_past")
SIGN_INS = 5
LONER, OTHER = people("google")[-2:]  # their sessions are not measured
TOKEN = r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+|sandbox-[a-z]+-secret|ya29\."  # noqa: S105  # a pattern


@dataclass(frozen=True, kw_only=True)
class Condition:
    what: str
    holds: bool
    seen: str


def conditions(measured: Measured) -> list[Condition]:
    """Test all of them, with an honest sign-in before and after: a target that refuses everyone proves nothing."""
    first = _admits(measured)
    found = [_refuses(measured, lie) for lie in LIES]
    found += [_refuses_foreign_state(measured), _refuses_injected_code(measured)]
    found += [_records(measured), _ends(measured), _keeps_no_secret(measured)]
    is_well = first and _admits(measured)
    return [Condition(what="honest sign-ins succeed", holds=is_well, seen=""), *found]


def _refuses(measured: Measured, lie: str) -> Condition:
    provider = measured.running.provider
    provider.set_fault("google", lie)
    try:
        is_in = _admits(measured)
    finally:
        provider.set_fault("google", None)
    return Condition(what=f"refuses {lie}", holds=not is_in, seen="signed in" if is_in else "refused")


def _admits(measured: Measured) -> bool:
    return _try(measured, lambda _browser, callback: callback)


def _refuses_foreign_state(measured: Measured) -> Condition:
    """Open a callback in a browser that did not start the attempt: sign-in CSRF (RFC 6749, section 10.12)."""

    def from_elsewhere(browser: Browser, callback: str) -> str:
        browser.cookies.clear()
        return callback

    is_in = _try(measured, from_elsewhere)
    return Condition(what="refuses another browser's state", holds=not is_in, seen="")


def _refuses_injected_code(measured: Measured) -> Condition:
    """Send another attempt's code with this attempt's state: PKCE must fail (RFC 9700, section 4.5)."""

    def injected(browser: Browser, callback: str) -> str:
        with Connection(measured.running.url) as site, Connection(measured.running.provider.url) as upstream:
            other = choose(upstream, start(Browser(site), measured.door("google")), OTHER)
        return callback.replace(_parameter(callback, "code"), _parameter(other, "code"))

    is_in = _try(measured, injected)
    return Condition(what="refuses another attempt's code (PKCE)", holds=not is_in, seen="")


def _try(measured: Measured, bend: Callable[[Browser, str], str]) -> bool:
    """Whether a person is signed in after a callback that ``bend`` has altered."""
    with Connection(measured.running.url) as site, Connection(measured.running.provider.url) as upstream:
        browser = Browser(site)
        callback = choose(upstream, start(browser, measured.door("google")), LONER)
        browser.get(bend(browser, callback))
        return browser.get(measured.running.target.who_am_i).status == 200


def _records(measured: Measured) -> Condition:
    what = "an audit entry for each sign-in"
    query = measured.running.target.trail
    if not query:
        return Condition(what=what, holds=False, seen="has no trail")
    before = _count(measured, query)
    for _ in range(SIGN_INS):
        _admits(measured)
    entries = _count(measured, query) - before
    return Condition(what=what, holds=entries == SIGN_INS, seen=f"{entries} for {SIGN_INS}")


def _ends(measured: Measured) -> Condition:
    """End a person's other sessions: the next request of the other browser must be anonymous."""
    target = measured.running.target
    what = "an ended session is over at the next request"
    if not target.others_end:
        return Condition(what=what, holds=False, seen="has no page that ends a session")
    with Connection(measured.running.url) as here, Connection(measured.running.url) as there:
        lost, kept = measured.enter(here, LONER), measured.enter(there, LONER)
        was_in = lost.get(target.who_am_i).status == 200
        token = kept.token_on("/accounts/sessions/")
        kept.post(target.others_end, {"csrfmiddlewaretoken": token})
        after, still = lost.get(target.who_am_i).status, kept.get(target.who_am_i).status
    return Condition(what=what, holds=was_in and after == 401 and still == 200, seen=f"then {after}, the other {still}")


def _keeps_no_secret(measured: Measured) -> Condition:
    """No row contains a token or a client secret in plain text."""
    with measured.running.postgres.connect(DATABASE) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        found = [
            str(table)
            for (table,) in tables
            if connection.execute(f"SELECT 1 FROM {table} AS row WHERE row::text ~ %s LIMIT 1", [TOKEN]).fetchone()  # noqa: S608  # quoted by the server
        ]
    return Condition(what="no token or secret readable in a table", holds=not found, seen=", ".join(found))


def _count(measured: Measured, query: str) -> int:
    with measured.running.postgres.connect(DATABASE) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _parameter(url: str, name: str) -> str:
    return next(part.partition("=")[2] for part in url.partition("?")[2].split("&") if part.startswith(f"{name}="))
