"""The status of the trail: its jobs, the newest seal, and the months for which partitions exist."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from audit.migrated_at import migrated_at
from audit.models import JobRun, Seal
from audit.retention.removal import JOB as RETENTION
from audit.sealing.seals import oldest_unsealed
from audit.sealing.verification import PATIENCE
from foundation.clocks import is_older

SEALING = "sealing"
LATE_AFTER = {SEALING: timedelta(minutes=5), RETENTION: timedelta(hours=3)}  # since the last run
ENOUGH = timedelta(days=28)  # for which partitions should exist ahead of time


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """When a job last ran, since when work waits for it, and what stopped its last run (``detail``)."""

    name: str
    ran_at: datetime | None
    waits_since: datetime | None
    detail: str

    def is_late(self, now: datetime) -> bool:
        """Whether the job has not run for too long, or work has waited for it for too long."""
        is_idle = self.ran_at is None or is_older(self.ran_at, LATE_AFTER[self.name], now=now)
        return is_idle or (self.waits_since is not None and now - self.waits_since > PATIENCE)


@dataclass(frozen=True, kw_only=True)
class TrailStatus:
    """``sealed_at`` is the time of the newest seal, ``months_until`` the end of the last monthly partition.

    ``migrated_at`` is the time from which jobs could have run, for jobs that have never run.
    """

    sealing: JobStatus
    retention: JobStatus
    sealed_at: datetime | None
    months_until: datetime | None
    migrated_at: datetime | None

    def lacks_months(self, now: datetime) -> bool:
        return self.months_until is None or self.months_until - now < ENOUGH


def trail_status() -> TrailStatus:
    runs = {run.name: run for run in JobRun.objects.all()}

    def job(name: str, waits_since: datetime | None = None) -> JobStatus:
        run = runs.get(name)
        ran_at, detail = (run.ran_at, run.detail) if run else (None, "")
        return JobStatus(name=name, ran_at=ran_at, waits_since=waits_since, detail=detail)

    return TrailStatus(
        sealing=job(SEALING, oldest_unsealed()),
        retention=job(RETENTION),
        sealed_at=Seal.objects.order_by("-number").values_list("sealed_at", flat=True).first(),
        months_until=_months_until(),
        migrated_at=migrated_at(),
    )


def _months_until() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(upper) FROM public.audit_months()")
        found: datetime | None = cursor.fetchone()[0]
        return found
