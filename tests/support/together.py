"""Doing something several times at the same moment, as people and attackers do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def together(*acts: Callable[[], Result]) -> list[Result]:
    """Run all acts in threads of their own, none before all are there, and return what each of them did."""
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
    """Close what this thread has opened: a server's threads live on, a test's end."""
    connection.close()
