"""A Celery worker in a thread of the tests' own process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from celery.contrib.testing.worker import start_worker


@contextmanager
def working(app: Celery) -> Iterator[None]:
    """Let a worker take jobs from the real queue until the block ends, and leave the log as it was.

    Celery raises the level of the root logger, and would silence what later tests listen for.
    """
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
            yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
