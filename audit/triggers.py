"""The triggers on audited tables: their drift from the declarations, and their installation."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from audit.declarations import audited, columns_of
from foundation.declarations import Audited

_WHOLE, _UPDATED = "audit_write_created_or_deleted", "audit_write_updated"
_TRIGGERS = {
    "audit_create": ("INSERT", "NEW TABLE AS changed_rows", _WHOLE),
    "audit_update": ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", _UPDATED),
    "audit_delete": ("DELETE", "OLD TABLE AS changed_rows", _WHOLE),
}
_EVENT_BITS = {4: "INSERT", 8: "DELETE", 16: "UPDATE"}  # pg_trigger.tgtype of AFTER … FOR EACH STATEMENT
_INSTALLED = """
    SELECT c.relname, t.tgname, t.tgtype, p.proname, t.tgargs, t.tgenabled = 'A' AND t.tgqual IS NULL
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgname IN ('audit_create', 'audit_update', 'audit_delete') AND pg_table_is_visible(c.oid)
"""


@dataclass(frozen=True, order=True)
class Trigger:
    """A trigger, wanted or existing. Two are equal only if all their properties are equal."""

    table: str
    name: str
    event: str
    function: str
    arguments: tuple[str, ...]
    always: bool = True

    def __str__(self) -> str:
        return f"{self.name} on {self.table}"


def drift(using: str = "default") -> list[str]:
    """Return a sentence for each trigger that is missing, different from its declaration, or out of place."""
    connection = connections[using]
    if not _pen_exists(connection):
        return []
    wanted, found = set(_wanted(connection)), set(_found(connection))
    places = {(trigger.table, trigger.name) for trigger in found}
    return [
        *(f"{t} is {'not as declared' if (t.table, t.name) in places else 'missing'}" for t in sorted(wanted - found)),
        *(f"{t} belongs to no audited model" for t in sorted(found) if t.table not in {w.table for w in wanted}),
    ]


def install(using: str = "default") -> None:
    """Create, replace and drop triggers until they match the declarations. Must run as the owner of the tables.

    If they match already no DDL is executed: creating a trigger blocks writers, even if it replaces an equal one.
    """
    connection = connections[using]
    if not _pen_exists(connection):
        return
    wanted, found = set(_wanted(connection)), set(_found(connection))
    if wanted == found:
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        places = {(trigger.table, trigger.name) for trigger in wanted}
        for trigger in sorted(found):
            if (trigger.table, trigger.name) not in places:
                cursor.execute(_dropped(trigger, connection))
        for trigger in sorted(wanted - found):
            cursor.execute(_created(trigger, connection))


def after_migrations(*, using: str, **_signal: Any) -> None:
    """Receive ``post_migrate`` for this app only; Django sends it for each app after all migrations."""
    install(using)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regproc('public.audit_make_months') IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute("SELECT public.audit_make_months(2)")


def _pen_exists(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc(%s) IS NOT NULL", [f"public.{_UPDATED}"])
        return bool(cursor.fetchone()[0])


def _wanted(connection: BaseDatabaseWrapper) -> Iterator[Trigger]:
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
    for model, declaration in audited():
        table = model._meta.db_table
        if table in existing:
            arguments = _arguments(model, declaration)
            for name, (event, _rows, function) in _TRIGGERS.items():
                yield Trigger(table, name, event, function, arguments)


def _arguments(model: type[Model], declaration: Audited) -> tuple[str, ...]:
    """Return the declaration as trigger arguments, in the order in which the database's functions read them."""
    columns = columns_of(model)
    tenant = declaration.tenant or ("tenant_id" if "tenant_id" in columns else "")
    named = (_array(str(field.column) for field in model._meta.pk_fields), declaration.person, tenant)
    if not declaration.treated:
        return named
    personal = declaration.personal - declaration.secret
    hidden = dict.fromkeys(personal, "(personal)") | dict.fromkeys(declaration.secret, "(secret)")
    return (
        *named,
        json.dumps(hidden, sort_keys=True),
        _array(sorted(declaration.ignored)),
        _array(sorted(declaration.masked - declaration.personal - declaration.secret)),
        _array(sorted(columns - personal)) if personal else "{}",
    )


def _array(columns: Iterable[str]) -> str:
    return "{" + ",".join(f'"{column}"' for column in columns) + "}"


def _found(connection: BaseDatabaseWrapper) -> Iterable[Trigger]:
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLED)
        for table, name, kind, function, arguments, always in cursor.fetchall():
            words = tuple(bytes(arguments).decode().split("\0")[:-1])
            yield Trigger(table, name, _EVENT_BITS.get(kind, "other"), function, words, always)


def _created(trigger: Trigger, connection: BaseDatabaseWrapper) -> str:
    event, rows, function = _TRIGGERS[trigger.name]
    table, arguments = connection.ops.quote_name(trigger.table), ", ".join(map(_literal, trigger.arguments))
    return (
        f"CREATE OR REPLACE TRIGGER {trigger.name} AFTER {event} ON {table} REFERENCING {rows} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION public.{function}({arguments}); "
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger.name}"
    )


def _dropped(trigger: Trigger, connection: BaseDatabaseWrapper) -> str:
    return f"DROP TRIGGER {trigger.name} ON {connection.ops.quote_name(trigger.table)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
