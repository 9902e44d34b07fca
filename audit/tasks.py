"""The Celery tasks of the trail; each calls one function. A run ends within its time budget, long before its limits."""

from celery import shared_task
from django.utils import timezone

from audit.models import JobRun
from audit.retention.removal import make_months, remove_due
from audit.sealing.seals import SealingStopped, seal
from foundation.locks import one_at_a_time

SEALING_SECONDS = 25.0  # of one run
REMOVING_SECONDS = 300.0


@shared_task(soft_time_limit=120, time_limit=180, ignore_result=True)  # type: ignore[untyped-decorator]
def seal_entries() -> None:
    """Safe to run twice at once: the second run finds the lock taken, or nothing left to do."""
    with one_at_a_time("sealing") as is_ours:
        if is_ours:
            _seal_entries()


def _seal_entries() -> None:
    detail = ""
    try:
        seal(seconds=SEALING_SECONDS)
    except SealingStopped as stopped:
        detail = str(stopped)
        raise
    finally:
        JobRun.objects.update_or_create(name="sealing", defaults={"ran_at": timezone.now(), "detail": detail})


@shared_task(soft_time_limit=420, time_limit=480, ignore_result=True)  # type: ignore[untyped-decorator]
def keep_the_trail() -> None:
    """Create the partitions of the coming months, and remove what is due. Safe to run twice at once."""
    make_months()
    remove_due(seconds=REMOVING_SECONDS)
