"""The jobs' tasks, each a call of one function.

A run ends by itself within its budget. Its limits are for one that hangs: at the soft one an exception ends it, at the
hard one its process is killed, and the message is over; what was left is found by the schedule's next turn.
"""

from celery import shared_task

from jobs import purging
from jobs.deferred.worker import run_deferred_task, run_due

__all__ = ["run_deferred_task"]  # Celery looks for tasks in modules of this name only

PURGE_SECONDS = 180.0  # of one scheduled run, shared by all tables; the next goes on from there
DEFERRED_TASK_SECONDS = 60.0  # of one run


@shared_task(soft_time_limit=240, time_limit=300, ignore_result=True)  # type: ignore[untyped-decorator]
def purge() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
    purging.purge(seconds=PURGE_SECONDS)


@shared_task(soft_time_limit=180, time_limit=210, ignore_result=True)  # type: ignore[untyped-decorator]
def run_due_deferred_tasks() -> None:
    """Twice at once does no harm: the second leaves it to the first."""
    run_due(seconds=DEFERRED_TASK_SECONDS)
