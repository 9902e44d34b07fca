"""Counting in windows of time in this process's own memory, where nothing that all processes share can be asked."""

import threading
import time

MOST_NAMES = 10_000  # that are counted by themselves; some MB


class Windows:
    """Counts that end with their windows. What it holds is bounded, however many names there are."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def count(self, name: str, *, seconds: int, rest: str) -> int:
        """Count one more of a name, which holds its window, and return how many there were.

        Where there are too many names, those that come anew are counted together, as ``rest``.
        """
        now = time.monotonic()  # a clock that is set right neither keeps nor frees a name
        with self._lock:
            if name not in self._counts and len(self._counts) >= self._most:
                self._forget(now)
                name = name if len(self._counts) < self._most else f"{rest}:{int(time.time() // seconds)}"
            before, ends_at = self._counts.get(name, (0, now + 2 * seconds))
            self._counts[name] = (before + 1, ends_at)
            return before + 1

    def _forget(self, now: float) -> None:
        self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
