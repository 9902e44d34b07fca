"""What an app declares of its models, in files that have the same names in every app (ADR 47).

Each file holds a list ``DECLARATIONS`` of these values; nothing has to be registered. The values know nothing of who
reads them, so an app on any floor can make them. Columns are named as the database names them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils.functional import Promise

_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")  # what the database takes for the name of an event


class Declaration(Protocol):
    """Any of these values."""

    @property
    def about(self) -> str:
        """What it is about. Two declarations of one kind about the same are refused."""


@dataclass(frozen=True)
class OfModel:
    """A declaration about a model, which is named as Django does: ``"notes.Note"``."""

    model: str

    @property
    def about(self) -> str:
        return self.model.lower()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it names."""
        return frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """The values of related rows that it names, as querysets spell them."""
        return frozenset()

    @property
    def model_class(self) -> type[Model]:
        """Raises LookupError."""
        found: type[Model] = apps.get_model(self.model)
        return found

    @property
    def table(self) -> str:
        return self.model_class._meta.db_table

    def attribute(self, column: str) -> str:
        """Return the name by which rows and querysets know a column of the model."""
        return next(one.attname for one in self.model_class._meta.concrete_fields if one.column == column)


@dataclass(frozen=True, kw_only=True)
class Audited(OfModel):
    """``audited.py``: the model and its automatic many-to-many tables are in the trail.

    ``secret`` values are never stored, only that they changed. ``masked`` ones show their last four characters (none of
    a short value). ``personal`` ones go to the side table, which erasure empties. A change of only ``ignored`` ones
    leaves no entry. ``person`` holds the data subject's id, ``tenant`` the tenant's; a column ``tenant_id`` does so by
    itself.
    """

    secret: AbstractSet[str] = frozenset()
    masked: AbstractSet[str] = frozenset()
    personal: AbstractSet[str] = frozenset()
    ignored: AbstractSet[str] = frozenset()
    person: str = ""
    tenant: str = ""

    @property
    def treated(self) -> frozenset[str]:
        """The columns that the trail does not show as they are."""
        return frozenset().union(self.secret, self.masked, self.personal, self.ignored)

    @property
    def columns(self) -> frozenset[str]:
        return self.treated.union(name for name in (self.person, self.tenant) if name)


@dataclass(frozen=True, kw_only=True)
class NotAudited(OfModel):
    """``audited.py``: the model is not in the trail, for a reason that a reader of the trail would accept."""

    reason: str

    def __post_init__(self) -> None:
        _require_reason(self.model, self.reason)


@dataclass(frozen=True, kw_only=True)
class PersonalData(OfModel):
    """``personal_data.py``: rows that an export gives out and an erasure removes.

    ``by`` names columns that hold the data subject's id, ``by_email`` one with the canonical form of an e-mail address,
    which counts while the person's is verified and not in dispute (ADR 27). ``left_out`` columns are never given out:
    secrets, and what is about others. ``also`` adds values of related rows, such as ``{"role": "role__name"}``.
    A model that is audited with ``person=…`` needs none of this.
    """

    by: AbstractSet[str]
    by_email: str = ""
    left_out: AbstractSet[str] = frozenset()
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        return frozenset().union(self.by, self.left_out, {self.by_email} if self.by_email else ())

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self.also.values())


@dataclass(frozen=True, kw_only=True)
class NotPersonalData(OfModel):
    """``personal_data.py``: rows refer to people and are not their data, for a reason that they would accept."""

    reason: str

    def __post_init__(self) -> None:
        _require_reason(self.model, self.reason)


@dataclass(frozen=True, kw_only=True)
class Encrypted(OfModel):
    """``encrypted.py``: a column of texts that ``foundation.encryption`` made, for the rotation of keys (ADR 20).

    ``purpose`` and ``owner`` are those with which each text was encrypted. With ``key`` the text stands under that key
    of a JSON object in the column. ``rows`` gives the rows that have a text, where not all have.
    """

    column: str
    purpose: str
    owner: Callable[[Any], object] = lambda row: row.pk
    key: str = ""
    rows: Callable[[], QuerySet[Any]] | None = None

    @property
    def about(self) -> str:
        return ".".join(filter(None, (super().about, self.column, self.key)))

    @property
    def columns(self) -> frozenset[str]:
        return frozenset({self.column})


class NamedEvent(Protocol):
    """An event as ``audit.events.record`` takes it: its name, with a dot, and its description, a sentence."""

    @property
    def value(self) -> str: ...

    @property
    def label(self) -> str | Promise: ...


@dataclass(frozen=True)
class AppEvent:
    """``events.py``: something that happens in an app and is not the change of a row.

    ``value`` is its name, ``subject.what_happened``; ``label`` a sentence; ``details`` says what each detail holds.
    """

    value: str
    label: str | Promise
    details: Mapping[str, str | Promise] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _EVENT.fullmatch(self.value):
            raise ValueError(f"{self.value}: an event is named like note.printed")

    @property
    def about(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class PurgeCondition:
    """What has to be true of a row besides its age: SQL over a row ``t``, and what it is given.

    ``among`` is the condition of the index: rows beside it never go. ``is_wanted`` is of a row that stays, however
    old it is; it is asked of one row after the other, so it has to be cheap, and never null.
    """

    among: str
    is_wanted: str
    given: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Purgeable(OfModel):
    """``purgeable.py``: a table with a column that says until when a row is of use, and an index that begins with it.

    Rows stay ``kept_for`` longer, for people who ask what became of them. ``event`` tells in the trail how many went;
    its details are ``count`` and ``finished``.
    ``longest`` says how far ahead the column may lie: a row beyond that was written under a clock that was ahead, and
    goes as well. Without ``longest`` such a row stays. ``judged`` is there where the age alone decides nothing: such a
    table has an ``id``, and an index of column and ``id``.
    """

    column: str
    event: NamedEvent
    kept_for: timedelta = timedelta()
    longest: Callable[[], timedelta] | None = None
    judged: PurgeCondition | None = None

    @property
    def columns(self) -> frozenset[str]:
        return frozenset({self.column})


class RevocationReason(StrEnum):
    """Why everything by which a person can act is ended."""

    CUT_OFF = "cut_off"
    DEACTIVATED = "deactivated"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class RevocationResult:
    """How many credentials there were, and the names of what has yet to follow elsewhere, such as at a provider."""

    count: int
    follows: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Revocable:
    """``revocable.py``: one class of credentials, such as sessions, for the cut-off (ADR 21).

    ``end`` ends all that these people have, in the caller's transaction. ``alive`` returns how many could still be
    used, by asking whoever would let them in: never by believing ``end``. ``pending`` returns how much of what was to
    follow elsewhere has not.
    """

    name: str
    label: str | Promise
    revoke: Callable[[Sequence[UUID], RevocationReason], RevocationResult]
    alive: Callable[[Sequence[UUID]], int]
    pending: Callable[[Sequence[str]], int] = lambda _follows: 0

    @property
    def about(self) -> str:
        return self.name


def _require_reason(model: str, reason: str) -> None:
    if not reason.strip():
        raise ValueError(f"{model}: it needs a reason")
