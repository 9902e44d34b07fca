"""Stores a deferred task in the transaction that promises it, and notifies a worker."""

import json
import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.db import transaction
from kombu.exceptions import OperationalError

from foundation.encryption import encrypt
from jobs.celery_context import serialize_context
from jobs.deferred import worker
from jobs.deferred.registry import task_of
from jobs.models import DeferredTask

logger = logging.getLogger(__name__)


def defer(work: Callable[..., None], *, task_id: str | None = None, **arguments: object) -> None:
    """Have a worker run a deferred task after the commit. If the broker is unavailable, run it right after the commit.

    A rollback discards the task. With a ``task_id`` it runs once, however often it is deferred under this id.
    """
    kind = task_of(work)
    task = DeferredTask(kind=kind.name, **({"id": UUID(task_id)} if task_id else {}))
    content = json.dumps({"arguments": arguments, "context": serialize_context()})
    task.content = encrypt(content, owner=task.pk, purpose=worker.PURPOSE)
    DeferredTask.objects.bulk_create([task], ignore_conflicts=True)
    transaction.on_commit(partial(_notify_worker, task.pk, kind.name), robust=True)


def _notify_worker(task_id: UUID, kind: str) -> None:
    try:
        worker.run_deferred_task.apply_async(kwargs={"task_id": str(task_id)}, shadow=f"deferred task: {kind}")
    except OperationalError:
        logger.warning("the broker is unavailable, so a deferred task is run at once: %s %s", kind, task_id)
        worker.run(task_id)
