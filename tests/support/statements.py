"""The statements that reach the database, from its own log and not from Django's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from tests.support.servers import Servers

STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*?)(?=\n\d{4}-\d\d-\d\d |\Z)", re.DOTALL)


@dataclass
class Asked:
    """The statements of a block in order, from any source, including BEGIN, COMMIT and empty ones."""

    statements: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(f"{number}. {' '.join(text.split())[:160]}" for number, text in enumerate(self.statements, 1))


@contextmanager
def asked_of_the_database(servers: Servers) -> Iterator[Asked]:
    """Collect the statements of the runtime role in the block. Needs a test without a surrounding transaction."""
    log = servers.postgres.place.log("postgres")
    asked = Asked()
    _log_statements(servers, "all")
    start = log.stat().st_size
    try:
        yield asked
        asked.statements.extend(_since(log, start))
    finally:
        _log_statements(servers, "none")


@contextmanager
def plans_of(word: str) -> Iterator[list[str]]:
    """Collect the plan of each statement in the block that contains a word, before it is executed."""
    plans: list[str] = []

    def explain(execute: Any, text: str, params: Any, *rest: Any) -> Any:
        if word in text:
            with connection.cursor() as cursor:
                cursor.cursor.execute("EXPLAIN " + text, params)
                plans.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(text, params, *rest)

    with connection.execute_wrapper(explain):
        yield plans


def _log_statements(servers: Servers, which: str) -> None:
    """Set which statements the server logs. Only the superuser may, and it applies to new connections only."""
    role = connection.settings_dict["USER"]
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute(
            sql.SQL("ALTER ROLE {} SET log_statement = {}").format(sql.Identifier(role), sql.Literal(which))
        )
    connection.close()
    cast("DatabaseWrapper", connection).close_pool()
    connection.ensure_connection()
    connection.close()


def _since(log: Path, start: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(start)
        return STATEMENT.findall(file.read().decode())
