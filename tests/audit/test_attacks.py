"""Attacks on the trail by somebody who has the product's own database password."""

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from psycopg import errors

from audit.context import Actor, ActorKind, acting
from audit.models import Entry
from tests.audit.truth import last_entry
from tests.support.servers import Servers


@pytest.fixture
def runtime(servers: Servers, transactional_db: None) -> Iterator[psycopg.Connection]:
    """Give a second connection as the runtime role, as an attacker has with the product's own password."""
    with psycopg.connect(servers.runtime_url, autocommit=True) as connected:
        yield connected


@pytest.mark.promise(75)
@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id) VALUES (now(), 1, '', '', '', '')",
        "UPDATE audit_entry SET actor_id = 'somebody else'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_personal (entry_id, at, salt) VALUES (1, now(), gen_random_uuid())",
        "UPDATE audit_personal SET after = NULL",
        "DELETE FROM audit_personal",
        "TRUNCATE audit_personal",
        "SELECT nextval('audit_entry_id_seq')",
        "TRUNCATE auth_group CASCADE",
        "ALTER TABLE auth_group DISABLE TRIGGER audit_create",
        "ALTER TABLE auth_group DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_create ON auth_group",
        "CREATE OR REPLACE FUNCTION audit_write_updated() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP FUNCTION audit_write_updated() CASCADE",
        "ALTER FUNCTION audit_event(text, jsonb) SECURITY INVOKER",
        "SET session_replication_role = replica",
        "CREATE TRIGGER late BEFORE INSERT ON audit_entry EXECUTE FUNCTION audit_refuse()",
        "CREATE RULE nothing AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
        "SET ROLE vestibule_owner",
        "CREATE TEMP TABLE audit_entry (id bigint)",
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL'",
    ],
)
def test_the_runtime_role_can_neither_write_nor_silence_the_trail(attack: str, runtime: psycopg.Connection) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        runtime.execute(attack)


@pytest.mark.promise(74, 75)
@pytest.mark.parametrize(
    "attack",
    [
        '/*audit {"t": "other"}*/ INSERT INTO auth_group (name) VALUES (\'x\')',
        "/*audit {}*/ INSERT INTO auth_group (name) VALUES ('x')",
        "SET audit.skip = on; INSERT INTO auth_group (name) VALUES ('x')",
        "SET search_path = pg_catalog, public; INSERT INTO auth_group (name) VALUES ('x')",
        "SET CONSTRAINTS ALL DEFERRED; INSERT INTO auth_group (name) VALUES ('x')",
        "DO $$ BEGIN EXECUTE 'INSERT INTO auth_group (name) VALUES (''x'')'; END $$",
        "WITH made AS (INSERT INTO auth_group (name) VALUES ('x') RETURNING 1) SELECT * FROM made",
        "MERGE INTO auth_group USING (SELECT 1) s ON false WHEN NOT MATCHED THEN INSERT (name) VALUES ('x')",
        "PREPARE p AS INSERT INTO auth_group (name) VALUES ('x'); EXECUTE p",
        "SET enable_hashjoin = off; SET enable_mergejoin = off; INSERT INTO auth_group (name) VALUES ('x')",
    ],
)
def test_whatever_the_runtime_role_does_around_a_write_the_write_is_recorded(
    attack: str, runtime: psycopg.Connection
) -> None:
    last = last_entry()
    runtime.execute(attack.encode())

    (entry,) = Entry.objects.filter(pk__gt=last)
    assert (entry.action, entry.object_table, entry.source) == ("create", "auth_group", "database")
    assert entry.after is not None
    assert entry.after["name"] == "x"


@pytest.mark.promise(75)
def test_a_comment_inside_a_value_is_ignored(runtime: psycopg.Connection) -> None:
    forged = '/*audit {"k": "person", "a": "somebody", "t": "auth_group"}*/'
    group = Group.objects.create(name="x")
    with acting(actor=Actor(ActorKind.PERSON, "me*/%s")):
        Group.objects.filter(pk=group.pk).update(name=forged)

    entry = Entry.objects.latest("id")
    assert (entry.actor.id, entry.source, entry.after) == ("me*/%s", "database", {"name": forged})


@pytest.mark.parametrize("comment", ["/*audit {broken*/", '/*audit {"k": "god"}*/', '/*audit {"r": "no uuid"}*/'])
def test_a_write_with_a_broken_comment_fails(comment: str, runtime: psycopg.Connection) -> None:
    with pytest.raises(psycopg.DataError):
        runtime.execute(comment.encode() + b" INSERT INTO auth_group (name) VALUES ('x')")
    assert not Group.objects.exists()


def test_nobody_can_pass_for_the_database(runtime: psycopg.Connection) -> None:
    runtime.execute('/*audit {"k": "database", "a": "postgres"}*/ INSERT INTO auth_group (name) VALUES (\'x\')')

    assert Entry.objects.latest("id").actor == Actor(ActorKind.DATABASE, "vestibule_app")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET reason = 'x'", "DELETE FROM audit_entry", "UPDATE audit_personal SET before = NULL"],
)
def test_not_even_the_owner_can_change_entries(statement: str, servers: Servers, transactional_db: None) -> None:
    with psycopg.connect(servers.owner_url) as owner:
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement)
        owner.rollback()
