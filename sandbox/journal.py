"""Record which requests reached which endpoint, but none of their secrets."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from sandbox.providers import Provider

KEPT = 2000


@dataclass(frozen=True)
class Entry:
    """One request. A `status` of 0 means that no answer was sent.

    `code_from` is "" without a code, else the provider that issued it, or "unknown".
    `secret_came` tells whether a leak endpoint received a client secret.
    """

    provider: Provider
    method: str
    endpoint: str
    status: int
    code_from: str = ""
    secret_came: bool = False
    at: float = field(default_factory=time.time)


class Journal:
    """Counts all requests, and stores the last 2,000."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._counts: Counter[tuple[Provider, str]] = Counter()

    def note(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)
            self._counts[entry.provider, entry.endpoint] += 1

    def entries(self, provider: Provider | None = None) -> list[Entry]:
        with self._lock:
            return [e for e in self._entries if provider in {None, e.provider}]

    def counts(self, provider: Provider) -> Counter[str]:
        with self._lock:
            return Counter({e: n for (p, e), n in self._counts.items() if p is provider})

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
            self._counts.clear()
