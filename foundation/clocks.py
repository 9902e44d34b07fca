"""Moments that were written down under a clock that was wrong.

A clock that was ahead leaves moments that no correct clock would have written. Waiting for one of them would take as
long as the clock was ahead: a year, perhaps. So whoever compares a stored moment with now names the longest wait that
is possible, and a moment further ahead than that counts as come. Statements of SQL do the same by hand.

LEEWAY is allowed on top: clocks differ, and two statements that wait for each other have begun at different moments.
"""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

LEEWAY = timedelta(minutes=1)  # that clocks of ours, and those of providers, may differ
LEEWAY_SECONDS = LEEWAY.total_seconds()


def is_due(at: datetime, *, longest: timedelta, now: datetime | None = None) -> bool:
    """Return whether a stored moment is over, or lies further ahead than the longest wait and is not believed."""
    now = now or timezone.now()
    return not now < at <= now + longest + LEEWAY


def due_rows(column: str, *, longest: timedelta) -> Q:
    """Select the rows whose moment has come, as ``is_due`` judges it."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + longest + LEEWAY})


def is_older(at: datetime, age: timedelta, *, now: datetime | None = None) -> bool:
    """Return whether something happened longer ago than ``age``, or in the future: then nobody knows how long ago."""
    now = now or timezone.now()
    return not now - age <= at <= now + LEEWAY
