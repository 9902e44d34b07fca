"""The Celery tasks of the jobs; each calls one function.

A run ends within its time budget. The time limits are for a run that hangs: at the soft limit it gets an exception, at
the hard limit its process is killed and the message is acknowledged. The next scheduled run does the rest.
"""

from celery import shared_task

from jobs import purging
from jobs.deferred.worker import run_deferred_task, run_due

__all__ = ["run_deferred_task"]  # Celery discovers tasks only in modules called ``tasks``

PURGE_SECONDS = 180.0  # of one scheduled run, shared by all tables
DEFERRED_TASK_SECONDS = 60.0  # of one run


@shared_task(soft_time_limit=240, time_limit=300, ignore_result=True)  # type: ignore[untyped-decorator]
def purge() -> None:
    """Safe to run twice at once: the second run finds the lock taken, or nothing left to do."""
    purging.purge(seconds=PURGE_SECONDS)


@shared_task(soft_time_limit=180, time_limit=210, ignore_result=True)  # type: ignore[untyped-decorator]
def run_due_deferred_tasks() -> None:
    """Safe to run twice at once: the second run finds the lock taken and returns."""
    run_due(seconds=DEFERRED_TASK_SECONDS)
