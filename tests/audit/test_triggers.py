"""The triggers: missing or different ones are reported by a check and repaired by ``migrate``."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, transaction

from audit import declarations, triggers
from audit.declarations import audited
from audit.models import Entry
from config.database import as_owner
from config.variables import CHECKOUT
from foundation.declarations import Audited
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)


NEVER = (
    "CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON auth_group REFERENCING OLD TABLE AS changed_rows "
    "FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION audit_write_created_or_deleted('{\"id\"}', '', ''); "
    "ALTER TABLE auth_group ENABLE ALWAYS TRIGGER audit_delete"
)


@pytest.fixture
def owner(servers: Servers, transactional_db: None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(servers.owner_url, autocommit=True) as connected:
        yield connected
    _mend(servers)


def test_every_audited_table_has_its_three_triggers_without_drift() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname ~ '^audit_(create|update|delete)$'")
        assert cursor.fetchone() == (3 * len(list(audited())),)
    assert triggers.drift() == []


@pytest.mark.promise(74)
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DROP TRIGGER audit_update ON accounts_user", "audit_update on accounts_user is missing"),
        ("ALTER TABLE auth_group DISABLE TRIGGER audit_create", "audit_create on auth_group is not as declared"),
        ("ALTER TABLE auth_group ENABLE TRIGGER audit_create", "audit_create on auth_group is not as declared"),
        (
            NEVER,
            "audit_delete on auth_group is not as declared",
        ),
        (
            "CREATE TRIGGER audit_create AFTER INSERT ON accounts_session EXECUTE FUNCTION audit_refuse()",
            "audit_create on accounts_session belongs to no audited model",
        ),
    ],
)
def test_a_damaged_trigger_is_reported_by_the_check_and_repaired_by_migrate(
    damage: str, fault: str, owner: psycopg.Connection
) -> None:
    owner.execute(damage.encode())

    assert triggers.drift() == [fault]
    (warning,) = (m for m in run_checks(databases=["default"]) if m.id == "audit.W001")
    assert fault in warning.msg

    call_command("migrate", verbosity=0)
    assert triggers.drift() == []


@pytest.mark.process
@pytest.mark.promise(74)
def test_two_migrations_at_once_leave_every_trigger_in_place(owner: psycopg.Connection) -> None:
    call_command("migrate", "mfa", "0002", verbosity=0)
    owner.execute("DROP TRIGGER audit_update ON accounts_user")
    owner.execute("DROP TRIGGER audit_create ON auth_group")

    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    running = [subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    assert triggers.drift() == []


@pytest.mark.promise(74)
@pytest.mark.parametrize(
    "label", ["account.EmailAddress", "mfa.Authenticator", "auth.Group", "accounts.User_groups", "auth.Permission"]
)
def test_tables_of_libraries_and_many_to_many_tables_are_repaired_too(label: str, owner: psycopg.Connection) -> None:
    table = apps.get_model(label)._meta.db_table
    for trigger in ("audit_create", "audit_update", "audit_delete"):
        owner.execute(f"DROP TRIGGER {trigger} ON {table}".encode())
    assert len(triggers.drift()) == 3

    call_command("migrate", verbosity=0)
    assert triggers.drift() == []


def test_before_the_trails_own_migration_there_is_nothing_to_compare_or_to_repair(servers: Servers) -> None:
    """When another app is migrated first on a new database, the functions of the triggers do not exist yet."""
    with as_owner(servers.owner_url), transaction.atomic():
        with connection.cursor() as cursor:
            for function in ("audit_write_updated()", "audit_make_months(integer)"):
                cursor.execute(f"ALTER FUNCTION {function} RENAME TO not_there_yet")
        assert triggers.drift() == []
        triggers.after_migrations(using="default")
        transaction.set_rollback(True)
    assert triggers.drift() == []


def test_a_second_run_issues_no_ddl(servers: Servers) -> None:
    said: list[str] = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        said.append(sql.split(maxsplit=1)[0])
        return execute(sql, params, many, context)

    with as_owner(servers.owner_url), connection.execute_wrapper(listen):
        triggers.install()

    assert set(said) == {"SELECT"}


def test_a_changed_declaration_replaces_the_trigger(
    servers: Servers, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setitem(declarations.declared(), "auth.group", Audited("auth.Group", masked={"name"}))
        assert len(triggers.drift()) == 3
        _mend(servers)
        assert triggers.drift() == []
        owner.execute("INSERT INTO auth_group (name) VALUES ('a long name of a group'), ('short')")
        owner.execute("UPDATE auth_group SET name = name || ' or two'")
    shown = [(e.before and e.before["name"], e.after and e.after["name"]) for e in Entry.objects.order_by("-id")[:4]]

    assert shown == [("***", "*** two"), ("***roup", "*** two"), (None, "***"), (None, "***roup")]


def test_a_change_of_ignored_columns_alone_leaves_no_entry(
    servers: Servers, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setitem(declarations.declared(), "auth.group", Audited("auth.Group", ignored={"name"}))
        _mend(servers)
        owner.execute("INSERT INTO auth_group (name) VALUES ('x')")
        (created,) = Entry.objects.order_by("-id")[:1]
        owner.execute("UPDATE auth_group SET name = 'y'")

    assert "name" not in (created.after or {})
    assert Entry.objects.latest("id") == created


def _mend(servers: Servers) -> None:
    with as_owner(servers.owner_url):
        triggers.install()
