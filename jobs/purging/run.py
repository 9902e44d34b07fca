"""A run of the purge: everything that has expired, one run at a time, within a time or to the end."""

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
    """What a run did to a table. ``finished`` is false where its time was over first."""

    table: str
    count: int
    finished: bool


def purge(*, seconds: float | None = None) -> list[Purged] | None:
    """Remove what has expired, for so many seconds, or to the end where none are given.

    With a time budget it leaves at once while another run is under way, and returns None; without one it waits for
    it. Each table has its share of the time, so that none waits for another's backlog. Killed at any moment it leaves
    the rest to the next run; two runs do what one does.
    """
    with one_at_a_time(JOB, waits=seconds is None) as is_ours:
        if not is_ours:
            return None
        wanted = purgeables()
        done = [_purge(one, seconds=seconds and seconds / len(wanted)) for one in wanted]
        left = [one.table for one in done if not one.finished]
        JobRun.objects.update_or_create(
            name=JOB, defaults={"ran_at": timezone.now(), "trouble": "", "progress": {"left": left}}
        )
        return done


def due(*, most: int | None = None) -> dict[str, int]:
    """Return how many rows of each table would go now, counted up to so many."""
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
