"""Counters per time window in the memory of this process, for when the shared store (Redis) is not available."""

import threading
import time

MOST_NAMES = 10_000  # counted separately; they take a few MB


class Windows:
    """Counters that expire with their windows. Memory is bounded, however many names there are."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def count(self, name: str, *, seconds: int, rest: str) -> int:
        """Count one more for a name, which contains its window, and return the count.

        When there are too many names, new ones are counted together as ``rest``.
        """
        now = time.monotonic()  # setting the wall clock neither extends nor ends a window
        with self._lock:
            if name not in self._counts and len(self._counts) >= self._most:
                self._forget(now)
                name = name if len(self._counts) < self._most else f"{rest}:{int(time.time() // seconds)}"
            before, ends_at = self._counts.get(name, (0, now + 2 * seconds))
            self._counts[name] = (before + 1, ends_at)
            return before + 1

    def has(self, name: str) -> bool:
        """Return whether this name was counted in its window."""
        return name in self._counts

    def _forget(self, now: float) -> None:
        self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
