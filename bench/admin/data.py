"""Millions of people, the same ones in our own tables and in those of the stock peer.

Inserted by set-based statements of the cluster's superuser, without audit triggers and foreign key checks: entries
about invented people would only measure the disk, and all keys are generated. Indexes that enforce no constraint are
built afterwards, as usual for bulk loads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from uuid import UUID

from psycopg import Connection, sql

TENANT_FOR_EACH = 100  # people; a third of the memberships are in the largest 1 % of the tenants
AUDIT = ("audit_create", "audit_update", "audit_delete")

PERSON = """
    SELECT n, md5('person ' || n)::uuid AS id,
        (ARRAY['Ada','Grace','Linus','Barbara','Edsger','Katherine','Alan','Radia','Donald','Frances'])[1 + n % 10]
            || ' ' || initcap(substr(translate(md5('name ' || n), '0123456789', 'aeiounrstl'), 1, 8)) AS name,
        'person' || n || '@example.com' AS email, n % 10 <> 0 AS email_verified, n % 50 <> 0 AS is_active,
        n % 20000 = 0 AS is_staff, timestamptz '2024-01-01' + n * interval '1 minute' AS created_at,
        (ARRAY['google','microsoft','github','keycloak'])[1 + n % 4] AS provider,
        'https://issuer.example/' || n % 4 AS issuer, md5('subject ' || n) AS subject,
        CASE WHEN n % 100 = 0 THEN 'admin' ELSE 'member' END AS role
    FROM generate_series(1, {people}) AS n
"""
PEOPLE = "SELECT '!', false, id, name, email, email_verified, is_active, is_staff, created_at FROM person"
PEOPLES_COLUMNS = "password, is_superuser, id, name, email, email_verified, is_active, is_staff, created_at"
TENANTS = (
    "SELECT md5('tenant ' || t)::uuid, 'Tenant ' || t, 'tenant-' || t, now() "
    "FROM generate_series(0, {tenants} - 1) AS t"
)
TURNS = """
    generate_series(0, 2) AS turn, LATERAL (SELECT md5('tenant ' || CASE turn
        WHEN 0 THEN n % ({tenants} / 2)
        WHEN 1 THEN {tenants} / 2 + n % ({tenants} * 49 / 100)
        ELSE {tenants} * 99 / 100 + floor((n % 1000 / 1000.0) ^ 4 * ({tenants} / 100))
    END)::uuid AS tenant_id) AS belonging
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table to fill: its columns, and the query over ``person`` that yields their values."""

    name: str
    columns: str
    query: str


OURS = (
    Table(  # triggers are off: the query writes their values too
        name="accounts_user",
        columns=f"{PEOPLES_COLUMNS}, canonical_email",
        query=PEOPLE.replace(" FROM person", ", email FROM person"),
    ),
    Table(
        name="accounts_identity",
        columns="provider, issuer, subject, email, email_verified, name, claims, created_at, user_id",
        query="SELECT provider, issuer, subject, email, email_verified, name, '{{}}', created_at, id FROM person",
    ),
    Table(name="accounts_tenant", columns="id, name, slug, created_at", query=TENANTS),
    Table(
        name="accounts_membership",
        columns="is_primary, created_at, user_id, tenant_id, role_id",
        query="SELECT turn = 0, created_at, id, tenant_id, "  # noqa: S608  # our own text
        f"(SELECT r.id FROM accounts_role r WHERE r.tenant_id IS NULL AND r.name = role) FROM person, {TURNS}",
    ),
    Table(
        name="accounts_session",
        columns="session_key, session_data, expire_date, created_at, last_seen_at, provider, upstream_sid, ip_address, "
        "user_agent, user_id",
        query="SELECT left(encode(sha256(('session ' || n)::bytea), 'hex'), 40), '', now() + interval '7 days', "
        "now() - n % 14 * interval '1 day', now(), "
        "provider, '', inet '10.0.0.0' + n / 4, 'bench', id FROM person WHERE n % 10 = 1",
    ),
)
STOCK = (
    Table(
        name="stock_person",
        columns=f"{PEOPLES_COLUMNS}, username",
        query=PEOPLE.replace(" FROM person", ", 'person' || n FROM person"),
    ),
    Table(
        name="stock_identity",
        columns="provider, issuer, subject, created_at, person_id",
        query="SELECT provider, issuer, subject, created_at, id FROM person",
    ),
    Table(name="stock_tenant", columns="id, name, slug, created_at", query=TENANTS),
    Table(
        name="stock_membership",
        columns="is_primary, created_at, person_id, tenant_id, role",
        query=f"SELECT turn = 0, created_at, id, tenant_id, role FROM person, {TURNS}",  # noqa: S608  # our own text
    ),
)


def fill(connection: Connection, tables: Sequence[Table], people: int) -> None:
    """Fill empty tables with people, an identity and three memberships for each, and a session for every tenth."""
    numbers = {"people": sql.Literal(people), "tenants": sql.Literal(max(100, people // TENANT_FOR_EACH))}
    connection.execute("SET session_replication_role = replica")
    for table in tables:
        name = sql.Identifier(table.name)
        text = f"INSERT INTO {{table}} ({table.columns}) WITH person AS ({PERSON}) {table.query}"  # ours
        with connection.transaction(), not_audited(connection, table.name), without_indexes(connection, table.name):
            connection.execute(sql.SQL(text).format(table=name, **numbers))
    connection.execute("RESET session_replication_role")
    for table in tables:
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table.name)))


@contextmanager
def not_audited(connection: Connection, table: str) -> Iterator[None]:
    """Disable the audit triggers by name: they are ENABLE ALWAYS and fire for a replica too."""
    found = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = ANY (%s)", [table, list(AUDIT)]
    ).fetchall()
    _switch(connection, table, [name for (name,) in found], "DISABLE TRIGGER")
    yield
    _switch(connection, table, [name for (name,) in found], "ENABLE ALWAYS TRIGGER")


def _switch(connection: Connection, table: str, triggers: Sequence[str], how: str) -> None:
    for trigger in triggers:
        text = sql.SQL("ALTER TABLE {} {} {}").format(sql.Identifier(table), sql.SQL(how), sql.Identifier(trigger))
        connection.execute(text)


@contextmanager
def without_indexes(connection: Connection, table: str) -> Iterator[None]:
    found = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "WHERE i.indrelid = %s::regclass AND NOT i.indisunique "
        "AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [table],
    ).fetchall()
    for name, _definition in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for _name, definition in found:
        connection.execute(definition.replace(" ON ONLY ", " ON ", 1))  # on all partitions too


def person(number: int) -> str:
    """Return the id of the person with this number."""
    return str(UUID(md5(f"person {number}".encode(), usedforsecurity=False).hexdigest()))


def subject(number: int) -> str:
    return md5(f"subject {number}".encode(), usedforsecurity=False).hexdigest()
