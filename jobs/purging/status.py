"""The status of the purge: when it last ran, how many rows wait for the next run, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.migrated_at import migrated_at
from audit.models import JobRun
from foundation.clocks import is_older
from jobs.purging import slices
from jobs.purging.registry import purgeables
from jobs.purging.run import JOB

LATE_AFTER = timedelta(hours=3)  # since the last run; a run starts every hour
MANY = 100_000  # rows are counted up to this number


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many rows of a table could be removed now, and since when the oldest of them has been waiting."""

    table: str
    count: int
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class PurgeStatus:
    """``left`` names the tables that the last run did not finish in its time.

    ``migrated_at`` is the time from which the purge could have run, for a site on which it has never run.
    """

    ran_at: datetime | None
    left: list[str]
    waiting: list[Waiting]
    migrated_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        return self.ran_at is None or is_older(self.ran_at, LATE_AFTER, now=now)


def purge_status() -> PurgeStatus:
    run = JobRun.objects.filter(name=JOB).first()
    return PurgeStatus(
        ran_at=run.ran_at if run else None,
        left=run.progress.get("left", []) if run else [],
        waiting=[
            Waiting(table=one.table, count=slices.count(one, most=MANY), since=slices.oldest(one))
            for one in purgeables()
        ],
        migrated_at=migrated_at(),
    )
