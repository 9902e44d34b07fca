"""The presentation of one entry: its values side by side, its details, and which of them the reader may not see."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from django.db.models import DateField, DateTimeField, Field, Model
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit.declarations import declaration_of
from audit.models import Entry, Personal
from audit.reading import labels
from audit.reading.visibility import ObjectReference, Visibility
from audit.serialization import serialize
from foundation.declarations import Audited

WORD = re.compile(r"\w+|\W")
MASK = "***"  # the prefix of masked values in the trail
COMPARED = 2000  # characters: longer values are not compared word by word
COMPARED_WORDS = 200  # in the part that differs: comparing takes at least quadratic time
Part = tuple[str, int, int, int, int]  # an opcode of SequenceMatcher: tag, and start and end in each text


class ValueState(StrEnum):
    """Whether a value is shown, and why not."""

    SHOWN = "shown"
    EMPTY = "empty"
    SECRET = "secret"  # noqa: S105  # a state, not a password
    ERASED = "erased"
    HIDDEN = "hidden"
    UNKNOWN = "unknown"


NOT_SHOWN = {
    ValueState.EMPTY: lambda: _("(empty)"),
    ValueState.SECRET: lambda: _("(secret)"),
    ValueState.ERASED: lambda: _("(erased)"),
    ValueState.HIDDEN: lambda: _("(not for you to see)"),
    ValueState.UNKNOWN: lambda: _("(not known)"),
}


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value as it is shown. ``marked`` is its text with the changed parts marked."""

    text: str
    state: ValueState = ValueState.SHOWN
    named: ObjectReference | None = None
    marked: SafeString | str = ""


@dataclass(frozen=True, kw_only=True)
class ChangedField:
    """One field before and after. A side that does not exist is None."""

    column: str
    name: str
    before: Value | None
    after: Value | None
    is_changed: bool


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    ip_address: str
    browser: str
    state: ValueState = ValueState.SHOWN


def missing(state: ValueState) -> Value:
    return Value(text=NOT_SHOWN[state](), state=state)


def masked_columns(model: type[Model] | None) -> frozenset[str]:
    declaration = declaration_of(model) if model else None
    return frozenset(declaration.masked) if isinstance(declaration, Audited) else frozenset()


def is_unmasked(value: Any) -> bool:
    """Whether a value of a masked column is from an older entry, when the column was not masked yet."""
    return not str(value or MASK).startswith(MASK)


def serialize_past(entry: Entry) -> dict[str, Any]:
    """Return an entry like ``serialize``, but without what a column held before it was declared masked."""
    masked, found = masked_columns(labels.model_of(entry.object_table)), serialize(entry)
    for side in ("before", "after"):
        for column in masked & (found[side] or {}).keys():
            if is_unmasked(found[side][column]):
                found[side] = {**found[side], column: labels.SECRET}
    return found


def personal_of(entry: Entry) -> Personal | None:
    """Return the personal values of an entry, unless they were erased. Its time selects the partition."""
    return Personal.objects.filter(entry_id=entry.pk, at=entry.at).first() if entry.personal_digest else None


@dataclass(frozen=True, kw_only=True)
class EntryPresentation:
    """An entry as one reader may see it."""

    entry: Entry
    visibility: Visibility
    personal: Personal | None

    @property
    def model(self) -> type[Model] | None:
        return labels.model_of(self.entry.object_table)

    def changed_fields(self) -> list[ChangedField]:
        before, after = (self._side(side) for side in ("before", "after"))
        columns = [*(before or {}), *(column for column in after or {} if column not in (before or {}))]
        return [self._line(column, before, after) for column in _in_order(self.model, columns)]

    def details(self) -> list[tuple[str, str]]:
        details = list((self.entry.details or {}).items())
        if self.entry.source == "event" and self.personal and self._may_see:
            details += (self.personal.after or {}).items()
        return [(capfirst(labels.readable(name)), in_words(value)) for name, value in details]

    def erased(self) -> bool:
        """Whether this entry had personal values that have been erased."""
        return self.entry.personal_digest is not None and self.personal is None

    def whereabouts(self) -> Whereabouts | None:
        if self.personal is None or not (self.personal.ip_address or self.personal.user_agent):
            return None
        if not self.visibility.may_see_whereabouts(self.entry):
            return Whereabouts(ip_address="", browser="", state=ValueState.HIDDEN)
        return Whereabouts(ip_address=self.personal.ip_address or "", browser=self.personal.user_agent or "")

    @property
    def _may_see(self) -> bool:
        return self.visibility.may_see_personal(self.entry)

    def _side(self, side: str) -> dict[str, Value] | None:
        values = getattr(self.entry, side)
        if values is None:
            return None
        return {column: self.value(side, column, value) for column, value in values.items()}

    def value(self, side: str, column: str, value: Any) -> Value:
        """Return a value of the entry for display, or the reason why it is not shown."""
        if value == labels.SECRET:
            return missing(ValueState.SECRET)
        if column in masked_columns(self.model) and is_unmasked(value):
            return missing(ValueState.HIDDEN)
        if value != labels.PERSONAL:
            return show(self.model, column, value, self.visibility)
        if self.personal is None:
            return missing(ValueState.ERASED)
        if not self._may_see:
            return missing(ValueState.HIDDEN)
        return show(self.model, column, (getattr(self.personal, side) or {}).get(column), self.visibility)

    def _line(self, column: str, before: Mapping[str, Value] | None, after: Mapping[str, Value] | None) -> ChangedField:
        old = before.get(column) if before is not None else None
        new = after.get(column) if after is not None else None
        old, new = _marked(old, new)
        return ChangedField(
            column=column,
            name=labels.name_of_column(self.model, column),
            before=old,
            after=new,
            is_changed=before is not None and after is not None,
        )


def show(model: type[Model] | None, column: str, value: Any, visibility: Visibility) -> Value:
    """Return a value for display: another row by its name, a choice by its label, a time in the local format."""
    field = labels.field_of(model, column)
    if value is None or value == "":
        return missing(ValueState.EMPTY)
    related = getattr(field, "related_model", None)
    if isinstance(related, type):
        named = visibility.named(related, str(value))
        return Value(text=named.text, named=named)
    return Value(text=in_words(_readable(field, value), is_word=False))


def in_words(value: Any, *, is_word: bool = True) -> str:
    """Format a JSON value for people. With ``is_word`` a text may be a technical name, which is made readable."""
    if value is None or value == "":
        return NOT_SHOWN[ValueState.EMPTY]()
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(in_words(item, is_word=is_word) for item in value) or NOT_SHOWN[ValueState.EMPTY]()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    text = str(value)
    return labels.readable(text) if is_word and text.isidentifier() else text


def _readable(field: "Field[Any, Any] | None", value: Any) -> Any:
    choices = dict(getattr(field, "flatchoices", ()) or ())
    if isinstance(value, str | int) and value in choices:
        return str(choices[value])
    if isinstance(field, DateTimeField) and isinstance(value, str) and (moment := parse_datetime(value)):
        return date_format(localtime(moment), "DATETIME_FORMAT")
    if isinstance(field, DateField) and isinstance(value, str) and (day := parse_date(value)):
        return date_format(day, "DATE_FORMAT")
    return value


def _in_order(model: type[Model] | None, columns: list[str]) -> Iterator[str]:
    """Yield the columns in the order of the model's fields. Columns that it no longer has come last."""
    known = [field.column for field in model._meta.concrete_fields] if model else []
    yield from (column for column in known if column in columns)
    yield from sorted(column for column in columns if column not in known)


def _marked(before: Value | None, after: Value | None) -> tuple[Value | None, Value | None]:
    """Mark deleted and inserted words, if both values are texts that can be compared."""
    if before is None or after is None or {before.state, after.state} != {ValueState.SHOWN}:
        return before, after
    if before.named or after.named or max(len(before.text), len(after.text)) > COMPARED:
        return before, after
    old_words, new_words = WORD.findall(before.text), WORD.findall(after.text)
    parts = _compared(old_words, new_words)
    equal = sum(to - since for what, since, to, _, _ in parts if what == "equal")
    if equal * 4 < len(old_words) + len(new_words):  # less than half of both
        return before, after
    old, new = [], []
    for what, a, b, c, d in parts:
        old.append(format_html("{}" if what == "equal" else "<del>{}</del>", "".join(old_words[a:b])) if a < b else "")
        new.append(format_html("{}" if what == "equal" else "<ins>{}</ins>", "".join(new_words[c:d])) if c < d else "")
    return (
        Value(text=before.text, marked=format_html_join("", "{}", ((part,) for part in old))),
        Value(text=after.text, marked=format_html_join("", "{}", ((part,) for part in new))),
    )


def _compared(old: list[str], new: list[str]) -> list[Part]:
    """Return the opcodes that turn one text into the other. If too many words differ, they are replaced as a whole."""
    shorter = min(len(old), len(new))
    head = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    rest = shorter - head
    tail = next((place for place in range(rest) if old[-1 - place] != new[-1 - place]), rest)
    a, b, c, d = head, len(old) - tail, head, len(new) - tail
    middle: list[Part] = [("replace", a, b, c, d)]
    if max(b - a, d - c) <= COMPARED_WORDS:
        found = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False).get_opcodes()
        middle = [(what, a + i, a + j, c + k, c + m) for what, i, j, k, m in found]
    ends: list[Part] = [("equal", 0, head, 0, head), ("equal", b, len(old), d, len(new))]
    return [ends[0], *middle, ends[1]]
