"""Runs several acts at the same moment, as people and attackers do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def together(*acts: Callable[[], Result]) -> list[Result]:
    """Run each act in its own thread, starting when all threads are ready, and return their results."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Result]) -> Result:
        barrier.wait(timeout=10)
        try:
            return act()
        finally:
            leave_nothing_open()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def leave_nothing_open() -> None:
    """Close this thread's connections. A server's threads live on, but a test's threads end."""
    connection.close()
