"""A run of the purge over all tables. Only one run at a time, either with a time budget or to the end."""

import time
from contextlib import closing
from dataclasses import dataclass

from django.utils import timezone

from audit.context import acting
from audit.events import record
from audit.models import JobRun
from foundation.declarations import Purgeable
from foundation.locks import one_at_a_time
from jobs.purging import slices
from jobs.purging.registry import purgeables

JOB = "purge"


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What a run removed from a table. ``finished`` is false if the time budget ended first."""

    table: str
    count: int
    finished: bool


def purge(*, seconds: float | None = None) -> list[Purged] | None:
    """Remove expired rows, for ``seconds`` or to the end.

    If another run is in progress, a run with a time budget returns None at once, and one without waits. Each table has
    an equal share of the time, so that none waits for another's backlog. A run may be killed at any moment; the next
    one removes the rest.
    """
    with one_at_a_time(JOB, waits=seconds is None) as is_ours:
        if not is_ours:
            return None
        wanted = purgeables()
        done = [_purge(one, seconds=seconds and seconds / len(wanted)) for one in wanted]
        left = [one.table for one in done if not one.finished]
        JobRun.objects.update_or_create(
            name=JOB, defaults={"ran_at": timezone.now(), "detail": "", "progress": {"left": left}}
        )
        return done


def due(*, most: int | None = None) -> dict[str, int]:
    """Return how many rows of each table would be removed now, counted up to ``most``."""
    return {one.table: slices.count(one, most=most) for one in purgeables()}


def _purge(purgeable: Purgeable, *, seconds: float | None) -> Purged:
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    count, finished = 0, True
    try:
        with closing(slices.delete_expired(purgeable)) as found:
            for removed in found:
                count += removed
                if time.monotonic() >= deadline:
                    finished = False
                    break
    finally:
        if count:
            with acting(actor=slices.ACTOR):
                record(purgeable.event, count=count, finished=finished)
    return Purged(table=purgeable.table, count=count, finished=finished)
