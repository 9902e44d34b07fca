"""Every way to write a row of any model through Django, one function for each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Expression

from audit.declarations import audited
from audit.models import Entry
from tests.audit.making import Maker, alterable

Watch = Callable[[], AbstractContextManager[list[Entry]]]
WAYS: dict[str, Callable[["Table"], None]] = {}


def way(write: Callable[["Table"], None]) -> Callable[["Table"], None]:
    WAYS[write.__name__] = write
    return write


@dataclass
class Table:
    """A model, rows to write, and the witness that compares."""

    model: type[models.Model]
    watch: Watch
    maker: Maker = field(default_factory=Maker)

    @property
    def rows(self) -> Any:
        return self.model._base_manager  # noqa: SLF001  # Django documents it

    def new(self) -> models.Model:
        return self.maker.new(self.model)

    def saved(self) -> models.Model:
        """Return a row that is saved, as the database has it."""
        row: models.Model = self.rows.get(pk=self.maker.saved(self.model).pk)
        return row

    def altered(self) -> tuple[models.Model, list[str]]:
        row = self.saved()
        return row, self.maker.alter(row)

    def ours(self, entries: list[Entry]) -> list[Entry]:
        return [entry for entry in entries if entry.object_table == self.model._meta.db_table]

    @property
    def is_guarded(self) -> bool:
        """Whether the table has row-level security, with which PostgreSQL does not support COPY FROM."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", [self.model._meta.db_table])
            return bool(cursor.fetchone()[0])

    def is_told(self, entries: list[Entry], *actions: str, announced: bool = False) -> None:
        """Assert, besides what the witness compares, that the entries of this table have these actions and sources."""
        ours = self.ours(entries)
        assert [entry.action for entry in ours] == list(actions)
        if announced and not self.model._meta.auto_created:  # whose receivers are those of many-to-many changes
            assert {entry.source for entry in ours} == {"signal"}
        if not announced:
            assert {entry.source for entry in ours} <= {"database"}


@way
def create(table: Table) -> None:
    row = table.new()
    with table.watch() as entries:
        row.save(force_insert=True)
    table.is_told(entries, "create", announced=True)


@way
def save(table: Table) -> None:
    row, _fields = table.altered()
    with table.watch() as entries:
        row.save()
    table.is_told(entries, "update", announced=True)


@way
def save_named_fields(table: Table) -> None:
    row, fields = table.altered()
    with table.watch() as entries:
        row.save(update_fields=fields[:1])
    table.is_told(entries, "update", announced=True)


@way
def save_without_a_change(table: Table) -> None:
    row = table.saved()
    with table.watch() as entries:
        row.save(update_fields=[one.name for one in alterable(table.model)])
    assert entries == []


@way
def update_or_create(table: Table) -> None:
    row, fields = table.altered()
    new = table.new()
    values = {one.name: getattr(new, one.name) for one in table.model._meta.concrete_fields if not one.primary_key}
    with table.watch() as entries:
        table.rows.update_or_create(pk=row.pk, defaults={name: getattr(row, name) for name in fields})
        table.rows.update_or_create(pk=new.pk or 2_000_000, defaults=_known(values))
    table.is_told(entries, "update", "create", announced=True)


@way
def update_a_queryset(table: Table) -> None:
    row, fields = table.altered()
    with table.watch() as entries:
        table.rows.filter(pk=row.pk).update(**{name: getattr(row, name) for name in fields})
    table.is_told(entries, "update")


@way
def create_in_bulk(table: Table) -> None:
    rows = [table.new(), table.new()]
    with table.watch() as entries:
        table.rows.bulk_create(rows)
    table.is_told(entries, "create", "create")


@way
def update_in_bulk(table: Table) -> None:
    (one, fields), (two, _same) = table.altered(), table.altered()
    with table.watch() as entries:
        table.rows.bulk_update([one, two], fields)
    table.is_told(entries, "update", "update")


@way
def upsert(table: Table) -> None:
    row, fields = table.altered()
    with table.watch() as entries:
        options = {"update_conflicts": True, "unique_fields": ["pk"], "update_fields": fields}
        table.rows.bulk_create([row], **options)
        table.rows.bulk_create([table.maker.new(table.model, **own_key(table.model))], **options)
    table.is_told(entries, "update", "create")


@way
def delete(table: Table) -> None:
    row = table.saved()
    with table.watch() as entries:
        row.delete()
    table.is_told(entries, "delete", announced=True)


@way
def delete_a_queryset(table: Table) -> None:
    keys = [table.saved().pk, table.saved().pk]
    with table.watch() as entries:
        table.rows.filter(pk__in=keys).delete()
    table.is_told(entries, "delete", "delete", announced=True)


@way
def delete_with_everything_below(table: Table) -> None:
    """Delete a row: rows of audited models that refer to it are deleted or set to null, each with its own entry."""
    row = table.saved()
    below = [relation for relation in _pointing_at(table.model) if relation.on_delete is not models.PROTECT]
    children = [table.maker.saved(relation.related_model, **{relation.field.name: row}) for relation in below]
    with table.watch() as entries:
        row.delete()
    told = {(entry.object_table, entry.object_id) for entry in entries}
    assert {(child._meta.db_table, str(child.pk)) for child in children} <= told


@way
def change_many_to_many(table: Table) -> None:
    several: Sequence[Any] = table.model._meta.many_to_many  # its far side is untyped
    for one in several:
        row = table.saved()
        others = [table.maker.saved(one.related_model) for _ in range(3)]
        through = one.remote_field.through._meta.db_table
        here = getattr(row, one.name)
        steps: list[tuple[Callable[[], object], list[str]]] = [
            (partial(here.add, *others[:2]), ["create"] * 2),
            (partial(here.remove, others[0]), ["delete"]),
            (partial(here.set, others[2:]), ["delete", "create"]),
            (here.clear, ["delete"]),
        ]
        if not one.remote_field.hidden:
            there = getattr(others[2], one.remote_field.get_accessor_name())
            steps += [
                (partial(there.add, row), ["create"]),
                (partial(there.remove, row), ["delete"]),
                (partial(there.set, [row]), ["create"]),
                (there.clear, ["delete"]),
            ]
        ends = {one.m2m_column_name(), one.m2m_reverse_name()}
        for step, actions in steps:
            with table.watch() as entries:
                step()
            assert [(e.action, e.object_table, e.source) for e in entries] == [
                (action, through, "signal") for action in actions
            ]
            for entry in entries:
                assert ends <= (entry.after or entry.before or {}).keys()


def own_key(model: type[models.Model], number: int = 0) -> dict[str, Any]:
    """Return a key far above those that the database generates, or none if the row has its own."""
    return {} if model._meta.pk.has_default() else {model._meta.pk.name: 1_000_000 + number}


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not isinstance(value, Expression)}


def _pointing_at(model: type[models.Model]) -> Iterator[Any]:
    known = {one for one, _declaration in audited()}
    for relation in model._meta.get_fields(include_hidden=True):
        points_here = relation.auto_created and not relation.concrete and not relation.many_to_many
        if points_here and relation.related_model in known:
            yield relation
