"""The process pool of a worker, fixed so that a warm shutdown ends whatever the processes are working on."""

from typing import Any

from billiard.pool import RUN
from celery.concurrency import asynpool, prefork


class Pool(asynpool.AsynPool):  # type: ignore[misc]  # a library without types
    """Waits at a warm shutdown for the jobs that it has written to a process.

    Celery 5.7 forgets jobs that it has written to a process but that were not reported as started
    (``Consumer.on_close`` calls ``AsynPool.flush``). The process runs them all the same, and then waits half a minute
    for its result to be read. So the worker outlives the timeout of its supervisor, and finished jobs are not
    acknowledged but redelivered.
    """

    def flush(self) -> None:
        """Forget the jobs that no process has. Those written to a process are waited for, as are started ones."""
        given: dict[int, Any] = {}
        if self._state != RUN:
            given = {number: job for number, job in self._cache.items() if job._write_to}  # noqa: SLF001
        super().flush()
        self._cache.update(given)


class TaskPool(prefork.TaskPool):  # type: ignore[misc]  # a library without types
    Pool = Pool
