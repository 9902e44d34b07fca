"""The values with which an app declares facts about its models, in files with the same names in every app (ADR 47).

Each file has a list ``DECLARATIONS`` of these values; nothing has to be registered. The values do not depend on the
code that reads them, so an app on any floor can create them. Columns are named as in the database.
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

_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")  # the pattern that the database requires of event names


class Declaration(Protocol):
    """Any of the values of this module."""

    @property
    def about(self) -> str:
        """The key of the declaration. Two declarations of one kind with the same key are refused."""


@dataclass(frozen=True)
class OfModel:
    """A declaration about a model, which is named by its label: ``"notes.Note"``."""

    model: str

    @property
    def about(self) -> str:
        return self.model.lower()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the declaration names."""
        return frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """The lookups of related values that the declaration names, such as ``role__name``."""
        return frozenset()

    @property
    def model_class(self) -> type[Model]:
        """Return the model. Raises LookupError."""
        found: type[Model] = apps.get_model(self.model)
        return found

    @property
    def table(self) -> str:
        return self.model_class._meta.db_table

    def attribute(self, column: str) -> str:
        """Return the attribute name (``attname``) of a column."""
        return next(one.attname for one in self.model_class._meta.concrete_fields if one.column == column)


@dataclass(frozen=True, kw_only=True)
class Audited(OfModel):
    """``audited.py``: the trail records changes of the model and of its automatic many-to-many tables.

    Of ``secret`` columns it stores only that they changed, never the values. Of ``masked`` ones it shows the last four
    characters, or none if the value is short. Values of ``personal`` columns go to the side table, which an erasure
    empties. A change of ``ignored`` columns alone makes no entry. ``person`` names the column with the data subject's
    id, ``tenant`` the one with the tenant's id; a column called ``tenant_id`` is used by default.
    """

    secret: AbstractSet[str] = frozenset()
    masked: AbstractSet[str] = frozenset()
    personal: AbstractSet[str] = frozenset()
    ignored: AbstractSet[str] = frozenset()
    person: str = ""
    tenant: str = ""

    @property
    def treated(self) -> frozenset[str]:
        """The columns whose values the trail does not show as they are."""
        return frozenset().union(self.secret, self.masked, self.personal, self.ignored)

    @property
    def columns(self) -> frozenset[str]:
        return self.treated.union(name for name in (self.person, self.tenant) if name)


@dataclass(frozen=True, kw_only=True)
class NotAudited(OfModel):
    """``audited.py``: the model is exempt from the trail, for a reason that a reader of the trail would accept."""

    reason: str

    def __post_init__(self) -> None:
        _require_reason(self.model, self.reason)


@dataclass(frozen=True, kw_only=True)
class PersonalData(OfModel):
    """``personal_data.py``: rows that an export includes and an erasure removes.

    ``by`` names the columns with the data subject's id. ``by_email`` names a column with a canonical e-mail address; it
    counts only while that address of the person is verified. ``left_out`` columns are never exported: secrets, and data
    about other people. ``also`` adds values of related rows, such as ``{"role": "role__name"}``. A model that is
    audited with ``person=…`` does not need this declaration.
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
    """``personal_data.py``: rows refer to people but are not their data, for a reason that they would accept."""

    reason: str

    def __post_init__(self) -> None:
        _require_reason(self.model, self.reason)


@dataclass(frozen=True, kw_only=True)
class Encrypted(OfModel):
    """``encrypted.py``: a column of texts that ``foundation.encryption`` encrypted, for key rotation (ADR 20).

    ``purpose`` and ``owner`` must equal the arguments with which each text was encrypted. With ``key`` the column is a
    JSON object and the text is its value under that key. ``rows`` returns the rows that have a text, if not all have.
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
    """An event as ``audit.events.record`` accepts it: ``value`` is its dotted name, ``label`` describes it."""

    @property
    def value(self) -> str: ...

    @property
    def label(self) -> str | Promise: ...


@dataclass(frozen=True)
class AppEvent:
    """``events.py``: something that happens in an app and is not the change of a row.

    ``value`` is its name, ``subject.what_happened``; ``label`` is a sentence; ``details`` describes each detail.
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
    """Which expired rows are purged: SQL conditions over a row ``t``, with the parameters that ``given`` returns.

    ``among`` is the condition of the partial index; rows outside it are never purged. ``is_wanted`` is true of a row
    that is kept however old it is. It is evaluated for each row, so it has to be cheap, and it must never be null.
    """

    among: str
    is_wanted: str
    given: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Purgeable(OfModel):
    """``purgeable.py``: a table with a column that says when a row expires, and an index that begins with that column.

    Rows are kept ``kept_for`` longer, for people who ask what became of them. ``event`` records how many rows a run
    removed; its details are ``count`` and ``finished``.
    ``longest`` returns how far ahead the column may lie. A row beyond that was written by a clock that was ahead, and
    is purged as well; without ``longest`` it stays. ``judged`` adds conditions where age alone does not decide. Such a
    table needs a column ``id`` and an index on the column and ``id``.
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
    """Why all credentials of a person are revoked."""

    CUT_OFF = "cut_off"
    DEACTIVATED = "deactivated"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class RevocationResult:
    """How many credentials were revoked, and the names of revocations still to come elsewhere, as at a provider."""

    count: int
    follows: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Revocable:
    """``revocable.py``: one class of credentials, such as sessions, for the cut-off (ADR 21).

    ``revoke`` revokes all credentials of these people in the caller's transaction. ``alive`` returns how many could
    still be used. It must ask the code that would accept them and not rely on ``revoke``. ``pending`` returns how many
    of the revocations in ``RevocationResult.follows`` are not done yet.
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
