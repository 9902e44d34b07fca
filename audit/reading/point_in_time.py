"""Reconstructs an object at a point in time: starts with the current row and reverts every later change.

Values that the trail does not have are marked as such: secrets, erased values, columns that the declaration ignores,
and values in entries that the reader may not see.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.db import connection
from django.db.models import Model, QuerySet

from audit.declarations import declaration_of
from audit.models import Entry, Personal, Source
from audit.reading import labels
from audit.reading.presentation import Value, ValueState, missing, show
from audit.reading.visibility import Visibility
from audit.tallies import SLACK
from foundation.declarations import Audited

MOST_CHANGES = 5000  # the most changes that are reverted


class TooFarBack(Exception):
    """Too many changes came later to revert them all."""


class NotVisible(Exception):
    """The reader may not see the row, or it was deleted without an entry in the trail."""


@dataclass(kw_only=True)
class ObjectState:
    """The values of an object's columns at a point in time. ``exists`` says whether the row existed then."""

    exists: bool
    values: dict[str, Value] = field(default_factory=dict)
    changes: int = 0  # that were reverted

    def changed_fields(self, model: type[Model]) -> list[tuple[str, Value]]:
        known = [column for column in (f.column for f in model._meta.concrete_fields) if column in self.values]
        others = sorted(self.values.keys() - set(known))
        return [(labels.name_of_column(model, column), self.values[column]) for column in [*known, *others]]


def before(entry: Entry, model: type[Model], visible: QuerySet[Entry], visibility: Visibility) -> ObjectState:
    return _reconstruct(entry, model, visible, visibility, inclusive=True)


def after(entry: Entry, model: type[Model], visible: QuerySet[Entry], visibility: Visibility) -> ObjectState:
    return _reconstruct(entry, model, visible, visibility, inclusive=False)


def _reconstruct(
    entry: Entry, model: type[Model], visible: QuerySet[Entry], visibility: Visibility, *, inclusive: bool
) -> ObjectState:
    """Start with the current row and go back. ``visible`` are the entries that the reader may see.

    Raises TooFarBack, NotVisible.
    """
    later = _changes(entry)
    if len(later) > MOST_CHANGES:
        raise TooFarBack
    if visibility.row(model, str(entry.object_id)) is None and later and later[0].action != "delete":
        raise NotVisible
    later = [change for change in later if inclusive or change.pk > entry.pk]
    seen = set(visible.filter(pk__in=[one.pk for one in later]).values_list("pk", flat=True))
    personal = {one.entry_id: one for one in _personal(later)}
    past = _present(model, str(entry.object_id), visibility)
    for change in later:
        _revert(past, change, model, visibility, is_seen=change.pk in seen, personal=personal.get(change.pk))
    past.changes = len(later)
    return past


def _changes(entry: Entry) -> list[Entry]:
    """Return the changes of the object from an entry on, newest first. The ids of one row's changes are in order."""
    changes = Entry.objects.filter(
        object_id=entry.object_id, object_table=entry.object_table, id__gte=entry.pk, at__gte=entry.at - SLACK
    )
    return list(changes.exclude(source=Source.EVENT).order_by("-id")[: MOST_CHANGES + 1])


def _personal(entries: list[Entry]) -> QuerySet[Personal]:
    with_values = [entry for entry in entries if entry.personal_digest]
    if not with_values:
        return Personal.objects.none()
    times = [entry.at for entry in with_values]
    return Personal.objects.filter(entry_id__in=[entry.pk for entry in with_values], at__range=(min(times), max(times)))


def _present(model: type[Model], key: str, visibility: Visibility) -> ObjectState:
    """Return the current row in the form of the trail. What the declaration hides is hidden here, too."""
    row = visibility.row(model, key)
    if row is None:
        return ObjectState(exists=False)
    shown = _fields_shown(model, row, visibility)
    return ObjectState(
        exists=True,
        values={
            column: _treated(model, column, value, visibility) if column in shown else missing(ValueState.HIDDEN)
            for column, value in _as_the_trail_writes_it(model, row).items()
        },
    )


def _fields_shown(model: type[Model], row: Model, visibility: Visibility) -> set[str]:
    """Return the columns of the current row that a reader may see: for non-superusers those of the admin page."""
    columns = {str(field.column): field.name for field in model._meta.concrete_fields}
    model_admin = visibility.admin_of(model)
    if visibility.request.user.is_superuser or model_admin is None:
        return set(columns)
    names = flatten_fieldsets(model_admin.get_fieldsets(visibility.request, row))
    return {column for column, name in columns.items() if name in names}


def _as_the_trail_writes_it(model: type[Model], row: Model) -> Mapping[str, Any]:
    key = connection.ops.quote_name(str(model._meta.pk.column))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(r)::text FROM {table} r WHERE {key} = %s", [row.pk])  # names of our own
        found = cursor.fetchone()
    values: dict[str, Any] = json.loads(found[0]) if found else {}
    return values


def _treated(model: type[Model], column: str, value: Any, visibility: Visibility) -> Value:
    declaration = declaration_of(model)
    if isinstance(declaration, Audited) and column in declaration.secret:
        return missing(ValueState.SECRET)
    if isinstance(declaration, Audited) and column in declaration.masked:
        return missing(ValueState.HIDDEN)
    return show(model, column, value, visibility)


def _revert(  # each argument is one fact about the change
    state: ObjectState,
    change: Entry,
    model: type[Model],
    visibility: Visibility,
    *,
    is_seen: bool,
    personal: Personal | None,
) -> None:
    if change.action == "create":
        state.exists, state.values = False, {}
        return
    values = change.before or {}
    if change.action == "delete":
        state.exists, state.values = True, {}
    for column, value in values.items():
        state.values[column] = _before(column, value, change, model, visibility, is_seen=is_seen, personal=personal)
    declaration = declaration_of(model)
    if isinstance(declaration, Audited):
        state.values.update({column: missing(ValueState.UNKNOWN) for column in declaration.ignored})


def _before(  # noqa: PLR0913
    column: str,
    value: Any,
    change: Entry,
    model: type[Model],
    visibility: Visibility,
    *,
    is_seen: bool,
    personal: Personal | None,
) -> Value:
    if value == labels.SECRET:
        return missing(ValueState.SECRET)
    if not is_seen:
        return missing(ValueState.HIDDEN)
    if value != labels.PERSONAL:
        return show(model, column, value, visibility)
    if personal is None:
        return missing(ValueState.ERASED)
    if not visibility.may_see_personal(change):
        return missing(ValueState.HIDDEN)
    return show(model, column, (personal.before or {}).get(column), visibility)
