"""The migration that gives addresses their canonical form: on rows of before, beside code of before."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql

from config.embedded import roles
from config.variables import CHECKOUT
from tests.servers import DATABASE, Servers

pytestmark = [pytest.mark.promise(94), pytest.mark.promise(81)]

BEFORE = "0021"
INSERT = (
    "INSERT INTO accounts_user (id, password, is_superuser, name, email, email_verified, is_active, is_staff, "
    "created_at) VALUES (%s, '', false, %s, %s, %s, true, false, now()) RETURNING id"
)
ROWS = {  # name: address, verified
    "plain": ("Ada@Example.com", True),
    "contact": ("ada@EXAMPLE.com", False),
    "given": ("zoë@bücher.example", True),
    "encoded": ("zoë@xn--bcher-kva.example", True),
    "composed": ("zoe\u0308@bücher.example", True),
    "not verified": ("zoë@bücher.example", False),
    "turkish": ("victim@maİl-inc.example", True),
    "quoted": ('"a b"@example.com', False),
    "none": (None, False),
}
Migrate = Callable[..., str]


@pytest.fixture
def elsewhere(servers: Servers) -> Iterator[tuple[psycopg.Connection, Migrate]]:
    """Give a database of before, as its superuser, and what migrates it."""
    name = f"before_{uuid4().hex[:8]}"
    with servers.postgres.connect() as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER vestibule_owner").format(sql.Identifier(name)))
    with servers.postgres.connect(name) as connection:
        roles.grant_defaults(connection, owner="vestibule_owner", runtime="vestibule_app", backup=roles.BACKUP_ROLE)
        urls = {"DATABASE_URL": servers.runtime_url, "DATABASE_OWNER_URL": servers.owner_url}
        environment = os.environ | {key: _at(url, name) for key, url in urls.items()}

        def migrate(*arguments: str) -> str:
            command = [sys.executable, "manage.py", "migrate", *arguments]
            done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield connection, migrate
    with servers.postgres.connect() as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.django_db
def test_rows_of_before_are_filled_listed_and_joined_by_nobody(elsewhere: tuple[psycopg.Connection, Migrate]) -> None:
    connection, migrate = elsewhere
    migrate()  # all the others', too: one of allauth's writes addresses anew
    migrate("accounts", BEFORE)
    migrate("audit", "0008")
    _let_the_trail_know_nothing(connection)
    people = {name: _insert(connection, name, *row) for name, row in ROWS.items()}
    connection.execute(
        "INSERT INTO accounts_mailedlink (digest, purpose, address, created_at, expires_at, user_id) "
        "SELECT id::text, 'password_reset', email, now(), now() + interval '1 hour', id FROM accounts_user "
        "WHERE email_verified"
    )
    tenant = connection.execute(
        "INSERT INTO accounts_tenant (id, name, slug, created_at) "
        "VALUES (gen_random_uuid(), 'T', 't', now()) RETURNING id"
    ).fetchone()
    assert tenant
    invited = [
        _invite(connection, tenant[0], address, day)
        for day, address in enumerate(("a@bücher.example", "a@xn--bcher-kva.example"))
    ]
    entries = _count(connection, "audit_entry")
    said = migrate()

    forms: dict[str, str | None] = dict(
        connection.execute("SELECT name, canonical_email FROM accounts_user").fetchall()
    )
    zoe = "zoë@xn--bcher-kva.example"
    assert forms == {
        "plain": "ada@example.com", "contact": "ada@example.com", "given": zoe, "encoded": zoe, "composed": zoe,
        "not verified": zoe, "turkish": None, "quoted": None, "none": None,
    }  # fmt: skip
    disputed = {name for (name,) in connection.execute("SELECT name FROM accounts_user WHERE address_dispute >= 0")}
    assert disputed == {"given", "encoded", "composed"}
    verified = {name for (name,) in connection.execute("SELECT name FROM accounts_user WHERE email_verified")}
    assert verified == disputed | {"plain"}
    linked = {user for (user,) in connection.execute("SELECT user_id FROM accounts_mailedlink")}
    assert linked == {people["plain"], people["turkish"]}
    links = connection.execute("SELECT address, canonical_address FROM accounts_mailedlink ORDER BY address").fetchall()
    assert links == [("Ada@Example.com", "ada@example.com"), ("victim@maİl-inc.example", None)]
    open_ones = connection.execute("SELECT id FROM accounts_invitation WHERE revoked_at IS NULL").fetchall()
    assert open_ones == [(invited[1],)]
    for name in (*sorted(disputed), "turkish"):
        assert str(people[name]) in said
    assert str(people["plain"]) not in said
    changed = connection.execute(
        "SELECT object_id, before::text, after::text FROM audit_entry WHERE id > %s AND object_table = 'accounts_user'",
        [entries],
    ).fetchall()
    assert {UUID(key) for key, *_values in changed} == {people[name] for name in (*disputed, "turkish")}
    assert not any("canonical" in f"{before}{after}" for _key, before, after in changed)


@pytest.mark.django_db
def test_code_of_before_goes_on_beside_the_new_table_and_the_step_can_be_undone(
    elsewhere: tuple[psycopg.Connection, Migrate],
) -> None:
    connection, migrate = elsewhere
    migrate()
    _insert(connection, "old code", "Eve@Example.com", verified=True)
    with pytest.raises(errors.UniqueViolation, match="user_verified_email_unique"):
        _insert(connection, "again", "eve@example.COM", verified=True)
    with pytest.raises(errors.CheckViolation, match="user_verified_email_canonical"):
        _insert(connection, "unknown", "eve@bücher.example", verified=True)
    _insert(connection, "contact", "eve@bücher.example", verified=False)

    migrate("accounts", BEFORE)
    _insert(connection, "as before", "eve@straße.example", verified=True)
    migrate()
    forms: dict[str, str | None] = dict(
        connection.execute("SELECT name, canonical_email FROM accounts_user").fetchall()
    )
    assert forms == {
        "old code": "eve@example.com", "contact": "eve@xn--bcher-kva.example", "as before": "eve@xn--strae-oqa.example",
    }  # fmt: skip


def _at(url: str, database: str) -> str:
    parts = urlsplit(url)
    assert parts.path in {f"/{DATABASE}", ""} or DATABASE in url
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, parts.fragment))


def _let_the_trail_know_nothing(connection: psycopg.Connection) -> None:
    """Make its triggers as code of before declared them: a column that they do not know is told as it is."""
    found = connection.execute(
        "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE tgname LIKE 'audit\\_%' AND tgrelid IN ('accounts_user'::regclass, 'accounts_invitation'::regclass)"
    ).fetchall()
    for name, table, definition in found:
        before = definition.replace('"canonical_email",', "").replace('{"canonical_email"}', "{}")
        assert before != definition
        connection.execute(before.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER").encode())
        connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}".encode())


def _insert(connection: psycopg.Connection, name: str, address: str | None, verified: bool) -> UUID:  # noqa: FBT001  # a column
    row: Any = connection.execute(INSERT, [uuid4(), name, address, verified]).fetchone()
    person: UUID = row[0]
    return person


def _invite(connection: psycopg.Connection, tenant: UUID, address: str, day: int) -> UUID:
    row: Any = connection.execute(
        "INSERT INTO accounts_invitation (id, tenant_id, role_id, email, digest, created_at, sent_at, expires_at) "
        "SELECT gen_random_uuid(), %s, (SELECT min(id) FROM accounts_role), %s, gen_random_uuid()::text, "
        "now() + %s * interval '1 day', now(), now() + interval '9 days' RETURNING id",
        [tenant, address, day],
    ).fetchone()
    invitation: UUID = row[0]
    return invitation


def _count(connection: psycopg.Connection, table: str) -> int:
    row: Any = connection.execute(
        sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(table))
    ).fetchone()
    return int(row[0])
