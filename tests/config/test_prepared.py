"""What every request reads is planned once for each connection, and a pooler cannot turn it into something else."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.postgresql.prepared import PreparingCursor
from foundation.rows import change, fetch_all, fetch_prepared
from tests.support.servers import Servers

KEPT = "SELECT name, generic_plans + custom_plans FROM pg_prepared_statements WHERE statement = %s"

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_statement_is_prepared_once_and_other_statements_are_not() -> None:
    with CaptureQueriesContext(connection) as asked:
        for word in ("this", "that", "all"):
            assert fetch_prepared("SELECT %s || ' was read'", [word]) == (f"{word} was read",)
            assert fetch_all("SELECT %s", [word]) == [(word,)]

    assert [one["sql"] for one in asked][:4:2] == ["SELECT $1 || ' was read'"] * 2
    assert fetch_all(KEPT, ["SELECT $1"]) == []
    ((name, executions),) = fetch_all(KEPT, ["SELECT $1 || ' was read'"])
    assert name.startswith("vestibule_")
    assert executions == 3


def test_an_error_and_a_rollback_leave_it_prepared() -> None:
    def failing() -> None:
        with transaction.atomic():
            assert fetch_prepared("SELECT upper(%s)", ["this"]) == ("THIS",)
            change("SELECT 1 / 0", [])

    with pytest.raises(DatabaseError, match="division by zero"):
        failing()

    assert fetch_prepared("SELECT upper(%s)", ["that"]) == ("THAT",)
    ((_, executions),) = fetch_all(KEPT, ["SELECT upper($1)"])
    assert executions == 2


def test_a_refused_statement_can_be_asked_again() -> None:
    for _ in range(2):
        with pytest.raises(DatabaseError, match="division by zero"):
            fetch_prepared("SELECT 1 / length(%s)", [""])

    assert fetch_prepared("SELECT 1 / length(%s)", ["a"]) == (1,)


@pytest.mark.promise(92)
def test_no_statement_is_taken_for_another_where_connections_are_exchanged(servers: Servers) -> None:
    """As by a pooler in transaction mode that knows nothing of prepared statements."""
    with psycopg.connect(servers.runtime_url, autocommit=True) as one, psycopg.connect(servers.runtime_url) as other:
        with PreparingCursor(one) as cursor:
            cursor.execute("SELECT 'one', %s::text", ["person"])
        with PreparingCursor(other) as cursor:
            cursor.execute("SELECT 'other', %s::text", ["person"])
        one.pgconn, other.pgconn = other.pgconn, one.pgconn

        with PreparingCursor(one) as cursor, pytest.raises(psycopg.errors.InvalidSqlStatementName):
            cursor.execute("SELECT 'one', %s::text", ["person"])


@pytest.mark.promise(92)
def test_nothing_is_prepared_where_that_is_off(settings: Any) -> None:
    settings.PREPARED_STATEMENTS = False
    with CaptureQueriesContext(connection) as asked:
        assert fetch_prepared("SELECT lower(%s)", ["THIS"]) == ("this",)

    assert asked[0]["sql"] == "SELECT lower('THIS')"
    assert fetch_all(KEPT, ["SELECT lower($1)"]) == []
