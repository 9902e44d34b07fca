"""An object as it was at a moment: its row as it is now, with every later change taken back, one after the other.

What the trail does not hold stays unknown and is said to be: secrets, what was erased, what the declaration leaves
out, and what was changed by entries that the reader may not see.
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

MOST_CHANGES = 5000  # that are taken back; an object that changes more often is a clock


class TooFarBack(Exception):
    """So many changes came later that taking them all back would cost too much."""


class NotVisible(Exception):
    """The row is there, and the reader may not see it; or it was changed where the trail was not listening."""


@dataclass(kw_only=True)
class ObjectState:
    """An object's columns as they were; without ``exists`` there was no such row."""

    exists: bool
    values: dict[str, Value] = field(default_factory=dict)
    changes: int = 0  # that were taken back

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
    """Begin with the present and go back. ``visible`` are the entries that the reader may see.

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
    """Return what changed the object from an entry on, the newest first: the ids of one row's changes run in order."""
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
    """Read the row as it is now, in the trail's own words; what the declaration hides is hidden here too."""
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
    """Somebody who does not see everything sees of the present what the object's own page shows them."""
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


def _revert(  # each says one thing of the change
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
