"""Millions of entries, the same ones in our own trail and in django-auditlog's.

Inserted by set-based statements of the cluster's superuser, with indexes built afterwards: 300 days of a site with ten
thousand people and a hundred tenants, one of which has a third of all entries.
"""

from hashlib import md5
from uuid import UUID

from psycopg import Connection, sql

from bench.admin import data

PEOPLE = 10_000
ENTRY = """
    SELECT n, now() - ({entries} - n + 1) * interval '300 days' / {entries} AS at,
        md5('person ' || 1 + n * 7919 % {people})::uuid AS person,
        md5('actor ' || n % 499)::uuid AS actor, md5('request ' || n / 2)::uuid AS request,
        CASE WHEN n % 50 = 0 THEN md5('batch ' || n / 5000)::uuid END AS batch,
        md5('tenant ' || CASE WHEN n % 3 = 0 THEN 0 ELSE n % 100 END)::uuid AS tenant,
        md5('object ' || n % 50000)::uuid AS object,
        CASE WHEN n % 100000 = 7 THEN 'accounts_claimrule' ELSE 'accounts_user' END AS of_table,
        inet '10.0.0.0' + n % 30000 AS ip_address, n % 10 < 4 AS is_event, n % 10 AS turn,
        n % 1000 = 3 AS by_job
    FROM generate_series(1, {entries}::bigint) AS n
"""
OURS = """
    INSERT INTO audit_entry (
        id, at, txid, request_id, batch_id, source, action, actor_kind, actor_id, object_table, object_id, person,
        tenant_id, before, after, details, personal_digest
    ) OVERRIDING SYSTEM VALUE
    SELECT n, at, n, request, batch, CASE WHEN is_event THEN 'event' ELSE 'signal' END,
        CASE WHEN turn < 3 THEN 'sign_in.succeeded' WHEN is_event THEN 'sign_in.refused'
            WHEN turn = 4 THEN 'create' ELSE 'update' END,
        CASE WHEN by_job THEN 'job' ELSE 'person' END, CASE WHEN by_job THEN 'nightly' ELSE person::text END,
        CASE WHEN NOT is_event THEN of_table END, CASE WHEN NOT is_event THEN object::text END, person::text,
        tenant::text, CASE WHEN NOT is_event THEN jsonb_build_object('name', 'Name ' || n - 1) END,
        CASE WHEN NOT is_event THEN jsonb_build_object('name', 'Name ' || n) END,
        CASE WHEN is_event THEN jsonb_build_object('provider', 'google') END,
        CASE WHEN is_event THEN decode(md5(n::text), 'hex') END
    FROM ({entry}) AS entry
"""
PERSONAL = """
    INSERT INTO audit_personal (entry_id, at, salt, ip_address, user_agent)
    SELECT n, at, request, ip_address, 'Mozilla/5.0' FROM ({entry}) AS entry WHERE is_event
"""
THEIRS = """
    INSERT INTO auditlog_logentry (
        content_type_id, object_pk, object_repr, action, changes_text, changes, actor_id, cid, remote_addr, timestamp
    )
    SELECT (SELECT id FROM django_content_type WHERE model = CASE of_table WHEN 'accounts_user' THEN 'person'
            ELSE 'tenant' END AND app_label = 'stock'),
        object::text, 'Name ' || n, CASE WHEN is_event THEN 3 WHEN turn = 4 THEN 0 ELSE 1 END, '',
        jsonb_build_object('name', jsonb_build_array('Name ' || n - 1, 'Name ' || n)),
        CASE WHEN NOT by_job THEN person END, request::text, ip_address, at
    FROM ({entry}) AS entry
"""


def fill_ours(connection: Connection, entries: int) -> None:
    data.fill(connection, data.OURS[:1], PEOPLE)
    for table, text in (("audit_entry", OURS), ("audit_personal", PERSONAL)):
        _fill(connection, table, text, entries)
    connection.execute("SELECT setval('audit_entry_id_seq', %s)", [entries + 1_000_000])


def fill_theirs(connection: Connection, entries: int) -> None:
    data.fill(connection, data.STOCK[:1], PEOPLE)
    _fill(connection, "auditlog_logentry", THEIRS, entries)


def _fill(connection: Connection, table: str, text: str, entries: int) -> None:
    numbers = {"entries": sql.Literal(entries), "people": sql.Literal(PEOPLE)}
    connection.execute("SET session_replication_role = replica")  # foreign keys are not checked
    with connection.transaction(), data.without_indexes(connection, table):
        connection.execute(sql.SQL(f"TRUNCATE {table}"))  # remove the entries of the preparation
        statement = sql.SQL(text).format(entry=sql.SQL(ENTRY).format(**numbers))
        connection.execute(statement)
    connection.execute("RESET session_replication_role")
    connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


def uuid(text: str) -> str:
    return str(UUID(md5(text.encode(), usedforsecurity=False).hexdigest()))
