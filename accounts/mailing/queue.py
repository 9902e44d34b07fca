"""Leaving a job for the workers, once what it is about is certain."""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def later(task: Any, **arguments: object) -> None:
    """Run a Celery task after the commit, by a worker, or at once while there is no broker to leave it with.

    A transaction that is rolled back leaves nothing. ``arguments`` must be what JSON knows; they are hidden
    from whoever lists the queue, for addresses and links are among them.
    """
    transaction.on_commit(partial(_leave, task, arguments), robust=True)


def _leave(task: Any, arguments: dict[str, object]) -> None:
    try:
        task.apply_async(kwargs=arguments, argsrepr="()", kwargsrepr="(hidden)")
    except OperationalError:
        logger.warning("the broker is away: %s is done at once", task.name)
        task.apply(kwargs=arguments)
