"""The trail's jobs, each a call of one function."""

from celery import shared_task
from django.utils import timezone

from audit.models import JobRun
from audit.retention.removing import make_months, remove_what_is_due
from audit.sealing.seals import SealingStopped, seal

SEALING_SECONDS = 25.0  # of one run; the next goes on from there
REMOVING_SECONDS = 300.0


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def seal_entries() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
    trouble = ""
    try:
        seal(seconds=SEALING_SECONDS)
    except SealingStopped as stopped:
        trouble = str(stopped)
        raise
    finally:
        JobRun.objects.update_or_create(name="sealing", defaults={"ran_at": timezone.now(), "trouble": trouble})


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def keep_the_trail() -> None:
    """Make the months to come, and remove what is due. Twice at once does no harm either."""
    make_months()
    remove_what_is_due(seconds=REMOVING_SECONDS)
