"""Runs deferred tasks: each by one worker at a time, and retries them for a day.

A worker holds a task by an advisory lock of its connection and not by a transaction, because a mail server may be slow.
Each attempt is counted before it starts, so that one that kills its worker is not repeated by every scheduled run
(``jobs.retry``).
"""

import json
import logging
import time
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError, transaction
from redis.exceptions import RedisError

from audit.events import Event, record
from foundation.encryption import DecryptionFailed, decrypt
from foundation.locks import one_at_a_time
from jobs.celery_context import acting_for
from jobs.deferred.registry import RetryLater, task_named
from jobs.models import DeferredTask
from jobs.retry import RetryPolicy, doubling

logger = logging.getLogger(__name__)

PURPOSE = "deferred task"
RETRIES = RetryPolicy(delays=doubling(timedelta(seconds=15), timedelta(minutes=10)), max_age=timedelta(days=1))
BATCH = 500  # deferred tasks per scheduled run
FAILURES = 3  # after which a scheduled run stops, because the mail server may be unavailable


@shared_task(ignore_result=True, soft_time_limit=120, time_limit=150)  # type: ignore[untyped-decorator]  # no types
def run_deferred_task(task_id: str) -> None:
    """Safe to run twice at once: the second run finds the task running or done."""
    run(UUID(task_id))


def run(task_id: UUID) -> bool:
    """Run a deferred task, unless it is done or another worker is running it. Return False if it failed."""
    with one_at_a_time(f"deferred_task {task_id}") as is_ours:
        task = DeferredTask.objects.waiting().filter(pk=task_id).first() if is_ours else None
        if task is None:
            return True
        if RETRIES.gives_up(since=task.created_at):
            _give_up(task)
            return True
        task.begin_attempt(RETRIES)
        try:
            _run(task)
        except (RetryLater, DecryptionFailed, DatabaseError, RedisError) as failed:
            reason = str(failed) if isinstance(failed, RetryLater) else type(failed).__name__
            logger.warning("a deferred task is retried later: %s %s: %s", task.kind, task.pk, reason)
            return False
        return True


def run_due(*, seconds: float) -> None:
    """Run the tasks that are due: their message or their worker was lost, or they have failed before."""
    with one_at_a_time("deferred-tasks") as is_ours:
        if not is_ours:
            return
        deadline, failures = time.monotonic() + seconds, 0
        due = DeferredTask.objects.filter(RETRIES.due()).order_by("next_attempt_at")
        for task_id in list(due.values_list("pk", flat=True)[:BATCH]):
            failures += not run(task_id)
            if failures >= FAILURES or time.monotonic() >= deadline:
                return


def _run(task: DeferredTask) -> None:
    kind = task_named(task.kind)
    content = json.loads(decrypt(task.content, owner=task.pk, purpose=PURPOSE))
    with ExitStack() as stack:
        stack.enter_context(acting_for(content["context"], job=f"deferred task: {kind.name}"))
        if kind.is_one_transaction:
            stack.enter_context(transaction.atomic())
        kind.work(**content["arguments"])
        _end(task)


def _end(task: DeferredTask) -> None:
    DeferredTask.objects.filter(pk=task.pk).update(next_attempt_at=None, content="")


def _give_up(task: DeferredTask) -> None:
    with transaction.atomic():
        _end(task)
        record(Event.DEFERRED_TASK_FAILED, object=task, kind=task.kind, tries=task.attempts)
    logger.error("a deferred task was given up: %s %s", task.kind, task.pk)
