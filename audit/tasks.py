"""The trail's jobs, each a call of one function; a run ends by itself within its budget, long before its limits."""

from celery import shared_task
from django.utils import timezone

from audit.models import JobRun
from audit.retention.removal import make_months, remove_due
from audit.sealing.seals import SealingStopped, seal
from foundation.locks import one_at_a_time

SEALING_SECONDS = 25.0  # of one run; the next goes on from there
REMOVING_SECONDS = 300.0


@shared_task(soft_time_limit=120, time_limit=180, ignore_result=True)  # type: ignore[untyped-decorator]
def seal_entries() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
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
    """Make the months to come, and remove what is due. Twice at once does no harm either."""
    make_months()
    remove_due(seconds=REMOVING_SECONDS)
