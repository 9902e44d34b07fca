"""A dictionary with a largest size, for several threads: the oldest entry makes room."""

from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """Values by the digests of tokens. ``most`` of 0 stores nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._values: dict[bytes, Value] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, digest: bytes) -> Value | None:
        return self._values.get(digest)

    def put(self, digest: bytes, value: Value) -> None:
        if self._most <= 0:
            return
        with self._lock:
            self._values.pop(digest, None)
            while len(self._values) >= self._most:
                del self._values[next(iter(self._values))]
            self._values[digest] = value
