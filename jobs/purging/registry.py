"""What expires: a line for each table. Another application registers its own when it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import models

from audit.events import Event

_registered: dict[str, "Purgeable"] = {}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What has to be true of a row besides its age: SQL over a row ``t``, and what it is given.

    ``among`` is the condition of the index: rows beside it never go. ``is_wanted`` is of a row that stays, however
    old it is; it is asked of one row after the other, so it has to be cheap, and never null.
    """

    among: str
    is_wanted: str
    given: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Purgeable:
    """A table with a column that says until when a row is of use, and an index that begins with it.

    Rows stay ``kept_for`` longer, for people who ask what became of them. ``of_tenants``: rows are seen in a tenant's
    context, or the site's. ``event`` tells in the trail how many went; its details are ``count`` and ``finished``.
    ``longest`` says how far ahead the column may lie: a row beyond that was written under a clock that was ahead, and
    goes as well. Without ``longest`` such a row stays. ``judged`` is there where the age alone decides nothing: such a
    table has an ``id``, and an index of column and ``id``.
    """

    model: type[models.Model]
    column: str
    event: Event
    kept_for: timedelta = field(default=timedelta())
    of_tenants: bool = False
    longest: Callable[[], timedelta] | None = None
    judged: Judgement | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table


def register(*found: Purgeable) -> None:
    _registered.update({purgeable.table: purgeable for purgeable in found})


def purgeables() -> list[Purgeable]:
    """Return what is registered, always in one order."""
    return [_registered[table] for table in sorted(_registered)]
