"""Consents of a database of a former release: what their people were asked for is carried over."""

import psycopg
import pytest

from tests.support.elsewhere import elsewhere
from tests.support.servers import Servers

pytestmark = pytest.mark.process

ADA = "6f4b3f0c-0000-4000-8000-000000000001"
OWN, THEIRS = "6f4b3f0c-0000-8000-8000-00000000000a", "6f4b3f0c-0000-8000-8000-00000000000b"


def insert(connection: psycopg.Connection, table: str, **values: object) -> None:
    """Insert a row; columns that are not named and must not be null get an empty value of their type."""
    missing = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> ALL (%s)",
        [table, list(values)],
    ).fetchall()
    empty = {"boolean": "false", "ARRAY": "{}", "integer": "0", "timestamp with time zone": "now", "bigint": "1"}
    row = values | {name: empty.get(kind, "") for name, kind in missing}
    names, places = ", ".join(f'"{name}"' for name in row), ", ".join("%s" for _ in row)
    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(row.values()))  # noqa: S608


def test_a_consent_keeps_what_its_person_agreed_to_but_not_for_our_own_apps(servers: Servers) -> None:
    with elsewhere(servers) as database:
        assert database.migrate("authserver", "0002").returncode == 0
        connection = database.connection
        insert(connection, "accounts_user", id=ADA, username="ada", is_active=True)
        for key, is_first_party in ((OWN, True), (THEIRS, False)):
            insert(connection, "authserver_client", id=key, client_id=key, is_first_party=is_first_party)
            consent = {"scopes": ["openid", "email"], "resources": ["https://a.example/"], "is_asked": True}
            insert(connection, "authserver_consent", id=key, user_id=ADA, client_id=key, **consent)

        done = database.migrate()

        assert done.returncode == 0, done.stderr
        found = connection.execute(
            "SELECT id::text, asked_scopes, asked_resources FROM authserver_consent ORDER BY 1"
        ).fetchall()
        assert found == [(OWN, [], []), (THEIRS, ["openid", "email"], ["https://a.example/"])]
