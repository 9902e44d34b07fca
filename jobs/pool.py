"""The pool of a worker's processes, which ends when it is asked to, whatever it has in hand."""

from typing import Any

from billiard.pool import RUN
from celery.concurrency import asynpool, prefork


class Pool(asynpool.AsynPool):  # type: ignore[misc]  # a library without types
    """Waits at a warm shutdown for what it has given to a process.

    Celery 5.7 forgets the jobs that it has written to a process and that have not been reported as begun
    (``Consumer.on_close`` calls ``AsynPool.flush``). The process does them all the same, and then waits half a minute
    for somebody to read that it did: the worker outlives the patience of whoever stops it, and done jobs are not
    acknowledged, but given to others.
    """

    def flush(self) -> None:
        """Forget what no process was given; what one was given is waited for, like what it has begun."""
        given: dict[int, Any] = {}
        if self._state != RUN:
            given = {number: job for number, job in self._cache.items() if job._write_to}  # noqa: SLF001
        super().flush()
        self._cache.update(given)


class TaskPool(prefork.TaskPool):  # type: ignore[misc]  # a library without types
    Pool = Pool
