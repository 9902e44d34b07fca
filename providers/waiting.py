"""Waiting for a fetch that another thread has started. Only a few threads may, however many need the result.

If a provider hangs, each fetch takes seconds. Without this limit the waiting requests would occupy all threads of a
process, and pages that need no provider would wait behind them.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SEATS = 2  # threads of a process that may wait for one document, besides the one that fetches it
LONGEST_WAIT = 6.0  # seconds for which they wait: a call that hangs is over by then (providers.upstream)


def _always() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class WaitPolicy:
    """How long a caller waits for a document, and whether it may force a fetch.

    If all seats are taken, a caller waits until the fetch is ``patience`` seconds old: a healthy provider answers
    within that time, and one that hangs costs no more. ``may_force`` is called before a fetch is forced or waited for.
    ``reserve`` is how many forced fetches the caller must leave to others.
    """

    patience: float = 1.0
    reserve: int = 0
    may_force: Callable[[], bool] = _always


ANY_CALLER = WaitPolicy()


class Turns:
    """Gives out turns to fetch one document, to one thread of this process at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(SEATS)
        self._began_at = 0.0

    @contextmanager
    def turn(self, patience: float, *, may_sit: bool = True) -> Iterator[bool]:
        """Wait for a turn as long as this caller may, and yield whether we have it."""
        is_ours = self._lock.acquire(blocking=False) or self._wait(patience, may_sit=may_sit)
        if not is_ours:
            yield False
            return
        self._began_at = time.monotonic()
        try:
            yield True
        finally:
            self._lock.release()

    def _wait(self, patience: float, *, may_sit: bool) -> bool:
        if may_sit and self._seats.acquire(blocking=False):
            try:
                return self._lock.acquire(timeout=LONGEST_WAIT)
            finally:
                self._seats.release()
        left = self._began_at + patience - time.monotonic()
        return left > 0 and self._lock.acquire(timeout=left)
