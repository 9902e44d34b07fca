"""Numbers that take too long to count for a page: a job counts them, the cheaper the more often, into the cache."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from foundation import signed_cache
from foundation.clocks import is_older

logger = logging.getLogger(__name__)

Numbers = TypeVar("Numbers")

EVERY = timedelta(minutes=5)  # the shortest interval, the same as in the schedule
PAUSE = 500  # times the duration of a count: numbers that take 6 seconds are counted every 50 minutes
CACHED_FOR = 7 * 86_400  # seconds: old numbers, shown with their age, are better than none
TRIED_EVERY = 60  # seconds between two attempts of a page to count what no job has counted
IN_A_PAGES_TIME = 0.4  # seconds for each statement during a page
IN_A_JOBS_TIME = 120.0  # seconds for each statement
GIVEN_UP_FOR = 3600  # seconds for which the job skips what took even it too long


@dataclass(frozen=True, kw_only=True)
class Counted(Generic[Numbers]):
    """Numbers, the time at which they were counted, and the expected duration of the next count in seconds."""

    at: datetime
    takes: float
    numbers: Numbers

    def is_older_than(self, turns: float) -> bool:
        """Return whether the numbers are older than so many of their intervals, or of unknown age."""
        return is_older(self.at, turns * max(EVERY, PAUSE * timedelta(seconds=self.takes)))


@dataclass(frozen=True, kw_only=True)
class Counter(Generic[Numbers]):
    """Something to count: its name in the cache, the type of its numbers, and the function that counts them.

    ``count`` receives the previous numbers, if they are still cached, and may build on them. Its statements may read
    whole tables. They are cancelled if they take too long.
    """

    name: str
    kind: type[Numbers]
    count: Callable[[Numbers | None], Numbers]

    @property
    def key(self) -> str:
        return f"overview:{self.name}"

    def read(self, stored: object) -> Counted[Numbers] | None:
        """Parse a cached value. Return None if it is not signed by us or comes from another version."""
        found = signed_cache.read(self.key, stored, within=CACHED_FOR, ahead=CACHED_FOR)  # the page shows their age
        try:
            return self._adapter.validate_python(found.value) if found else None
        except ValidationError:
            return None

    def recount(self, before: Counted[Numbers] | None, *, seconds: float) -> Counted[Numbers]:
        """Count, and store the numbers in the cache. Raises DatabaseError, RedisError.

        The duration of a first count says little about later ones, which build on it, so it is not stored.
        """
        at, began = timezone.now(), time.monotonic()
        with _gently(seconds):
            numbers = self.count(before.numbers if before else None)
        counted = Counted(at=at, takes=time.monotonic() - began if before else 0.0, numbers=numbers)
        signed_cache.put(self.key, self._adapter.dump_python(counted, mode="json"), seconds=CACHED_FOR)
        return counted

    @cached_property
    def _adapter(self) -> TypeAdapter[Counted[Numbers]]:
        return TypeAdapter(Counted[self.kind])  # type: ignore[name-defined]  # known at run time


Known = dict[str, Counted[Any]]


def cached_numbers(counters: Collection[Counter[Any]]) -> Known:
    """Return the cached numbers by the counters' keys. If a job is late, try to count now, with a short timeout.

    So a small site has numbers at once, and a large one never waits for them. Raises RedisError.
    """
    known = _known(counters)
    for counter in counters:
        if not _has_been(counter, known, turns=2) and cache.add(f"{counter.key}:tried", 1, TRIED_EVERY):
            try:
                known[counter.key] = counter.recount(known.get(counter.key), seconds=IN_A_PAGES_TIME)
            except DatabaseError as failed:
                _publish(counter, failed)
                break  # most likely a timeout: leave it to the job, as the page must not wait longer
    return known


def count_what_is_due(counters: Collection[Counter[Any]]) -> None:
    """Count what is due. What takes too long is skipped for a while, and the others are still counted."""
    known = _known(counters)
    for counter in counters:
        is_in_time = _has_been(counter, known, turns=0.9)  # jobs do not start at the exact second
        if is_in_time or cache.get(f"{counter.key}:given_up"):
            continue
        try:
            counter.recount(known.get(counter.key), seconds=IN_A_JOBS_TIME)
        except DatabaseError as failed:
            _publish(counter, failed)
            cache.set(f"{counter.key}:given_up", 1, GIVEN_UP_FOR)


def _known(counters: Collection[Counter[Any]]) -> Known:
    stored = cache.get_many([counter.key for counter in counters])
    read = ((counter.key, counter.read(stored.get(counter.key))) for counter in counters)
    return {key: counted for key, counted in read if counted is not None}


def _has_been(counter: Counter[Any], known: Known, *, turns: float) -> bool:
    """Return whether the numbers are known and not older than so many of their intervals."""
    return counter.key in known and not known[counter.key].is_older_than(turns=turns)


def _publish(counter: Counter[Any], failed: DatabaseError) -> None:
    logger.warning("could not count for the overview: %s: %s", counter.name, type(failed.__cause__).__name__)


@contextmanager
def _gently(seconds: float) -> Iterator[None]:
    """Limit the duration of statements and run them without parallel workers. The connection is left unchanged."""
    limits = {"statement_timeout": f"{seconds * 1000:.0f}", "max_parallel_workers_per_gather": "0"}
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in limits.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        transaction.set_rollback(True)  # nothing was written; the settings end with the transaction, or the savepoint
