"""A scheduler for Celery beat that stores its state in the database, so that any number of beats may run (ADR 23).

A beat that finds a job due claims it with one statement, and only the first to claim it sends it. The state outlives
the process and needs no file: an hourly job runs every hour however often beat is restarted. A job that has never run
is due at once; otherwise a beat that is restarted more often than hourly would never run it.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import beat
from django.db import Error, connection
from django.utils import timezone

from audit.models import JobRun

logger = logging.getLogger(__name__)

PREFIX = "beat."
EARLY = 0.9  # the part of the interval that must have passed: two beats are never due in exactly the same second
AHEAD = timedelta(seconds=10)  # claims of one turn differ by less; a run further ahead was noted by a wrong clock

CLAIM = """
    INSERT INTO "audit_jobrun" AS r (name, ran_at, detail, progress) VALUES (%s, statement_timestamp(), '', '{}')
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at
    WHERE r.ran_at <= statement_timestamp() - %s OR r.ran_at > statement_timestamp() + %s
    RETURNING 1
"""


class Scheduler(beat.Scheduler):  # type: ignore[misc]  # a library without types
    def setup_schedule(self) -> None:
        super().setup_schedule()
        ran_at = dict(JobRun.objects.filter(name__startswith=PREFIX).values_list("name", "ran_at"))
        for entry in self.schedule.values():
            entry.last_run_at = ran_at.get(PREFIX + entry.name) or _long_ago(entry)
        connection.close()
        self._forget_runs_to_come()

    def tick(self, *args: Any, **given: Any) -> float:
        self._forget_runs_to_come()
        wait: float = super().tick(*args, **given)
        return wait

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if claim(entry.name, entry.schedule.run_every):
            super().apply_entry(entry, producer)

    def _forget_runs_to_come(self) -> None:
        """Make jobs due whose last run lies in the future: the clock was ahead then and has been corrected since.

        Beat's heap of upcoming jobs was built by that clock, so it is discarded and built again.
        """
        latest = timezone.now() + AHEAD
        for entry in self.schedule.values():
            if entry.last_run_at > latest:
                entry.last_run_at = _long_ago(entry)
                self._heap = None


def _long_ago(entry: Any) -> datetime:
    return timezone.now() - 2 * timedelta(seconds=entry.schedule.seconds)


def claim(name: str, every: timedelta) -> bool:
    """Claim this turn of a job and return whether it is ours.

    While the database is unavailable nothing is due, because no job could work without it.
    """
    given: list[Any] = [PREFIX + name, every * EARLY, AHEAD]
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, given)
            return cursor.fetchone() is not None
    except Error:
        logger.exception("a scheduled job was not started: %s", name)
        return False
    finally:
        connection.close()
