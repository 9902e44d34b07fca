"""What expires: a line for each table. Another application registers its own when it is ready."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import models

from audit.events import Event

_registered: dict[str, "Purgeable"] = {}


@dataclass(frozen=True, kw_only=True)
class Purgeable:
    """A table with a column that says until when a row is of use, and an index that begins with it.

    Rows stay ``kept_for`` longer, for people who ask what became of them. ``of_tenants``: rows are seen in a tenant's
    context, or the site's. ``event`` tells in the trail how many went; its details are ``count`` and ``finished``.
    ``longest`` says how far ahead the column may lie: a row beyond that was written under a clock that was ahead, and
    goes as well. Without ``longest`` such a row stays.
    """

    model: type[models.Model]
    column: str
    event: Event
    kept_for: timedelta = field(default=timedelta())
    of_tenants: bool = False
    longest: Callable[[], timedelta] | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table


def register(*found: Purgeable) -> None:
    _registered.update({purgeable.table: purgeable for purgeable in found})


def purgeables() -> list[Purgeable]:
    """Return what is registered, always in one order."""
    return [_registered[table] for table in sorted(_registered)]
