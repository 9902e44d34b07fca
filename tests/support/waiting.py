"""Waits for what happens elsewhere: in another process, or by a clock that cannot be moved."""

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        threading.Event().wait(0.1)
