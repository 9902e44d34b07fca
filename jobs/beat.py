"""Beat with its memory in the database: any number of them do what one does, and none needs a file (ADR 23).

Whoever finds a job due claims it in one statement; it is sent by who was first. The memory outlives beat, so an hourly
job comes every hour however often beat is started anew. A job that has never run is due at once: otherwise a beat that
is restarted more often than hourly would wait for its first turn forever.
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
EARLY = 0.9  # of the interval must have passed: two beats never have the same second in mind
AHEAD = timedelta(seconds=10)  # two claims of one moment may differ by less; a later run was noted by a wrong clock

CLAIM = """
    INSERT INTO "audit_jobrun" AS r (name, ran_at, trouble, progress) VALUES (%s, statement_timestamp(), '', '{}')
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
        """Let a job be due whose last run lies ahead: the clock was ahead then, and has been set right.

        The order in which turns were to come was built by that clock, and is built anew.
        """
        latest = timezone.now() + AHEAD
        for entry in self.schedule.values():
            if entry.last_run_at > latest:
                entry.last_run_at = _long_ago(entry)
                self._heap = None


def _long_ago(entry: Any) -> datetime:
    return timezone.now() - 2 * timedelta(seconds=entry.schedule.seconds)


def claim(name: str, every: timedelta) -> bool:
    """Return whether this turn of a job is ours. Without the database nothing is due: no job could work without it."""
    given: list[Any] = [PREFIX + name, every * EARLY, AHEAD]
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, given)
            return cursor.fetchone() is not None
    except Error:
        logger.exception("a scheduled job was not begun: %s", name)
        return False
    finally:
        connection.close()
