"""Fetches lines in a thread, so that the database and a verification work at the same time."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import Full, Queue
from threading import Event

from django.db import connection

BATCH = 1000  # lines
BATCHES = 4  # the most that are held in memory


def prefetch(stream: Callable[[], Generator[str, None, None]]) -> Generator[str, None, None]:
    """Yield the lines of a stream, which a thread reads with its own database connection."""
    batches: Queue[list[str] | None] = Queue(BATCHES)
    unwanted = Event()

    def put(batch: list[str] | None) -> None:
        while not unwanted.is_set():
            try:
                batches.put(batch, timeout=0.1)
            except Full:
                continue
            return

    def fetch() -> None:
        lines = stream()
        try:
            while not unwanted.is_set() and (batch := list(islice(lines, BATCH))):
                put(batch)
        finally:
            lines.close()
            connection.close()
            put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="lines") as pool:
        fetched = pool.submit(fetch)
        try:
            while (batch := batches.get()) is not None:
                yield from batch
        finally:
            unwanted.set()
        fetched.result()
