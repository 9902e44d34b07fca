"""Counts the statements of a sign-in in PostgreSQL's log, and its calls to the provider."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from bench.measuring import Measured
from bench.provider import people
from bench.running import OWNER, RUNTIME, Running

STATEMENT = re.compile(rf"^(?:{OWNER}|{RUNTIME}) LOG:  (?:statement|execute [^:]*): (.*)$", re.MULTILINE)
FRAMING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
SIGN_INS = 10


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one returning sign-in: start, callback and first page."""

    statements: float  # all, transactions included
    framing: float  # the part that only begins and ends transactions
    upstream_calls: float
    texts: list[str]  # those of the last one


def cost(measured: Measured) -> Cost:
    """Count over several returning sign-ins, one at a time."""
    running = measured.running
    calls = running.provider.calls("google")
    with logged(running) as texts:
        for person in people("google")[:SIGN_INS]:
            _one(measured, person)
    return Cost(
        statements=len(texts) / SIGN_INS,
        framing=sum(text.startswith(FRAMING) for text in texts) / SIGN_INS,
        upstream_calls=(running.provider.calls("google") - calls) / SIGN_INS,
        texts=texts[-(len(texts) // SIGN_INS) :],
    )


def _one(measured: Measured, person: str) -> None:
    measured.sign_ins("google", [person], 1)


@contextmanager
def logged(running: Running) -> Iterator[list[str]]:
    """Collect the first line of each statement of the target while the block runs."""
    log = running.place.log("postgres")
    found: list[str] = []
    _log_statements(running, "all")
    begun = log.stat().st_size
    try:
        yield found
        with log.open("rb") as file:
            file.seek(begun)
            found.extend(STATEMENT.findall(file.read().decode()))
    finally:
        _log_statements(running, "none")


def _log_statements(running: Running, which: str) -> None:
    """Change the setting for all connections, including the pooled ones: the server notifies them by signal."""
    with running.postgres.connect() as connection:
        connection.execute(sql.SQL("ALTER SYSTEM SET log_statement = {}").format(sql.Literal(which)))
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
