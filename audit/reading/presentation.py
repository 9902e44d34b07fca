"""One entry in plain words: its values side by side, its details, and what of them nobody or not everybody may read."""

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
from foundation.declarations import Audited

WORD = re.compile(r"\w+|\W")
MASK = "***"  # how the trail begins what it has masked
COMPARED = 2000  # letters: of longer values, the parts that changed are not looked for
COMPARED_WORDS = 200  # between what is the same at both ends: comparing takes their product in time, and more
Part = tuple[str, int, int, int, int]  # as SequenceMatcher tells it: what was done, from and to in each


class ValueState(StrEnum):
    """How much of a value there is to be read."""

    SHOWN = "shown"
    EMPTY = "empty"
    SECRET = "secret"  # noqa: S105  # the word for a value that is never stored
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
    """A value as it is shown; ``marked`` is its text with the parts marked that changed."""

    text: str
    state: ValueState = ValueState.SHOWN
    named: ObjectReference | None = None
    marked: SafeString | str = ""


@dataclass(frozen=True, kw_only=True)
class ChangedField:
    """One field before and after. A side that there is none of is None."""

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


def personal_of(entry: Entry) -> Personal | None:
    """Return the values beside an entry, unless they were erased; its time names the partition that they lie in."""
    return Personal.objects.filter(entry_id=entry.pk, at=entry.at).first() if entry.personal_digest else None


@dataclass(frozen=True, kw_only=True)
class EntryPresentation:
    """An entry that is told to one reader."""

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
        told = list((self.entry.details or {}).items())
        if self.entry.source == "event" and self.personal and self._may_see:
            told += (self.personal.after or {}).items()
        return [(capfirst(labels.readable(name)), in_words(value)) for name, value in told]

    def erased(self) -> bool:
        """Whether this entry had personal values that are there no longer."""
        return self.entry.personal_digest is not None and self.personal is None

    def whereabouts(self) -> Whereabouts | None:
        if self.personal is None or not (self.personal.ip_address or self.personal.user_agent):
            return None
        if not self.visibility.may_see_whereabouts(self.entry):
            return Whereabouts(ip_address="", browser="", state=ValueState.HIDDEN)
        return Whereabouts(ip_address=self.personal.ip_address or "", browser=self.personal.user_agent or "")

    @property
    def _masked(self) -> frozenset[str]:
        declaration = declaration_of(self.model) if self.model else None
        return frozenset(declaration.masked) if isinstance(declaration, Audited) else frozenset()

    @property
    def _may_see(self) -> bool:
        return self.visibility.may_see_personal(self.entry)

    def _side(self, side: str) -> dict[str, Value] | None:
        values = getattr(self.entry, side)
        if values is None:
            return None
        return {column: self.value(side, column, value) for column, value in values.items()}

    def value(self, side: str, column: str, value: Any) -> Value:
        """Show a value of the entry's, or say why there is none to be shown."""
        if value == labels.SECRET:
            return missing(ValueState.SECRET)
        if column in self._masked and not str(value or MASK).startswith(MASK):
            return missing(ValueState.HIDDEN)  # of an older entry: the column was not masked then
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
    """Show a value as a person writes it: another row by its name, a choice by its label, a moment as one says it."""
    field = labels.field_of(model, column)
    if value is None or value == "":
        return missing(ValueState.EMPTY)
    related = getattr(field, "related_model", None)
    if isinstance(related, type):
        named = visibility.named(related, str(value))
        return Value(text=named.text, named=named)
    return Value(text=in_words(_readable(field, value), is_word=False))


def in_words(value: Any, *, is_word: bool = True) -> str:
    """Write a value of JSON for people; ``is_word`` where text may be one of our own technical words."""
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
    """In the order of the model's fields, what it has no longer at the end."""
    known = [field.column for field in model._meta.concrete_fields] if model else []
    yield from (column for column in known if column in columns)
    yield from sorted(column for column in columns if column not in known)


def _marked(before: Value | None, after: Value | None) -> tuple[Value | None, Value | None]:
    """Mark what was taken away and what was put in, where both are text that can be compared."""
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
    """Say how one text became the other; of a middle with too many words, only that it did."""
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
