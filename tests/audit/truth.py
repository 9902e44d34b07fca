"""An independent witness: plain row triggers that log every change, for comparison with the trail."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
from django.db import connection, transaction

from audit.declarations import audited
from audit.models import Entry, Personal
from foundation.declarations import Audited

# In its own schema, so that it is not searched as a place where the product stores data.
WITNESS = """
    CREATE SCHEMA apart;
    GRANT USAGE ON SCHEMA apart TO PUBLIC;
    CREATE TABLE apart.truth (id bigint GENERATED ALWAYS AS IDENTITY, tbl text, old jsonb, new jsonb);
    GRANT SELECT, INSERT ON apart.truth TO PUBLIC;
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO apart.truth (tbl, old, new) VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
        RETURN NULL;
    END $$;
"""


def call_witness(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(WITNESS)
        for model, _declaration in audited():
            owner.execute(
                f'CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON "{model._meta.db_table}" '
                "FOR EACH ROW EXECUTE FUNCTION witness()"
            )


def dismiss_witness(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("DROP FUNCTION witness CASCADE; DROP SCHEMA apart CASCADE")


@contextmanager
def exactly_what_happened() -> Iterator[list[Entry]]:
    """Compare the entries of the block with what the witness logged. Afterwards the list has the entries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM apart.truth")
        (seen,) = cursor.fetchone()
    last = last_entry()
    entries: list[Entry] = []
    yield entries
    entries += Entry.objects.filter(pk__gt=last).exclude(source="event").select_related("personal").order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl, old::text, new::text FROM apart.truth WHERE id > %s", [seen])
        happened = [(table, _read(old), _read(new)) for table, old, new in cursor.fetchall()]
    expected = Counter(filter(None, (_expected(*change) for change in happened)))
    assert Counter(map(_told, entries)) == expected


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run the block in a transaction or savepoint and roll it back with an exception."""
    with suppress(ZeroDivisionError), transaction.atomic():
        yield
        raise ZeroDivisionError


def last_entry() -> int:
    newest = Entry.objects.order_by("-pk").first()
    return newest.pk if newest else 0


def _read(text: str | None) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(text) if text else {}
    return row


def _expected(table: str, old: dict[str, Any], new: dict[str, Any]) -> str | None:
    declaration = _declarations()[table]
    action = "update" if old and new else "create" if new else "delete"
    columns = [c for c in (old or new).keys() - declaration.ignored if action != "update" or old[c] != new[c]]
    if not columns:
        return None
    before = {c: _shown(c, old[c], declaration) for c in columns if old}
    after = {c: _shown(c, new[c], declaration) for c in columns if new}
    person = (old or new)[declaration.person] if declaration.person else None
    return _line(table, action, str((old or new)[_keys()[table]]), person, before, after)


@cache
def _keys() -> dict[str, str]:
    return {model._meta.db_table: str(model._meta.pk.column) for model, _declaration in audited()}


def _told(entry: Entry) -> str:
    """Return an entry as a line of the witness, with the personal values instead of their replacements."""
    kept: Personal | None = getattr(entry, "personal", None)
    before, after = dict(entry.before or {}), dict(entry.after or {})
    for shown, values in ((before, kept and kept.before), (after, kept and kept.after)):
        for column, value in (values or {}).items():
            assert shown[column] == "(personal)"
            shown[column] = {"personal": value}
    assert bool(kept) == bool(entry.personal_digest)
    person = None if entry.person is None else str(entry.person)
    return _line(str(entry.object_table), entry.action, str(entry.object_id), person, before, after)


def _shown(column: str, value: Any, declaration: Audited) -> Any:
    if column in declaration.secret:
        return "(secret)"
    if column in declaration.masked:
        return "***" + (value[-4:] if len(value or "") >= 12 else "")
    return {"personal": value} if column in declaration.personal else value


def _line(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True, default=str)


def _declarations() -> dict[str, Audited]:
    return {model._meta.db_table: declaration for model, declaration in audited()}
