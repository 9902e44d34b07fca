"""Comparison of stored moments with the current time, also when a wrong clock wrote them.

A clock that was ahead leaves moments that no correct clock would have written. Waiting for such a moment would take as
long as the clock was ahead, which may be a year. So every comparison of a stored moment with the current time names
the longest possible wait, and a moment further ahead than that counts as past. SQL statements do the same by hand.

LEEWAY is added to the longest wait, because clocks differ, and because two statements of which one waits for the other
begin at different moments.
"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

LEEWAY = timedelta(minutes=1)  # the tolerated difference between our own clocks, and between ours and a provider's
LEEWAY_SECONDS = LEEWAY.total_seconds()


def is_due(at: datetime, *, longest: timedelta, now: datetime | None = None) -> bool:
    """Return whether a stored moment is past, or so far ahead (beyond the longest wait) that it must be wrong."""
    now = now or timezone.now()
    return not now < at <= now + longest + LEEWAY


def due_rows(column: str, *, longest: timedelta) -> Q:
    """Select the rows whose moment is past by the rule of ``is_due``."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + longest + LEEWAY})


def is_older(at: datetime, age: timedelta, *, now: datetime | None = None) -> bool:
    """Return whether a moment is longer ago than ``age``, or in the future, in which case its age is unknown."""
    now = now or timezone.now()
    return not now - age <= at <= now + LEEWAY
