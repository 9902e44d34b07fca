"""The accounts' jobs, each a call of one function."""

from celery import shared_task

from accounts.purging import purge_sessions

PURGE_SECONDS = 60.0  # of one scheduled run; the next goes on from there


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def purge() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
    purge_sessions(seconds=PURGE_SECONDS)
