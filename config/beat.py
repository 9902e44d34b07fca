"""Beat with its memory in the database: any number of them do what one does, and none needs a file (ADR 23).

Whoever finds a job due claims it in one statement; it is sent by who was first. The memory outlives beat, so an hourly
job comes every hour however often beat is started anew.
"""

import logging
from datetime import timedelta
from typing import Any

from celery import beat
from django.db import Error, connection

from audit.models import JobRun

logger = logging.getLogger(__name__)

PREFIX = "beat."
EARLY = 0.9  # of the interval must have passed: two beats never have the same second in mind

CLAIM = """
    INSERT INTO "audit_jobrun" AS r (name, ran_at, trouble, progress) VALUES (%s, statement_timestamp(), '', '{}')
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at WHERE r.ran_at <= statement_timestamp() - %s
    RETURNING 1
"""


class Scheduler(beat.Scheduler):  # type: ignore[misc]  # a library without types
    def setup_schedule(self) -> None:
        super().setup_schedule()
        for run in JobRun.objects.filter(name__startswith=PREFIX):
            entry = self.schedule.get(run.name.removeprefix(PREFIX))
            if entry is not None:
                entry.last_run_at = run.ran_at
        connection.close()

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if claim(entry.name, entry.schedule.run_every):
            super().apply_entry(entry, producer)


def claim(name: str, every: timedelta) -> bool:
    """Return whether this turn of a job is ours. Without the database nothing is due: no job could work without it."""
    given: list[Any] = [PREFIX + name, every * EARLY]
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, given)
            return cursor.fetchone() is not None
    except Error:
        logger.exception("a scheduled job was not begun: %s", name)
        return False
    finally:
        connection.close()
