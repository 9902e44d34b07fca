"""Numbers that are too dear for a page's time: counted by a job, as often as they are cheap, and kept in the cache."""

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

EVERY = timedelta(minutes=5)  # at the most often; the schedule says the same
PAUSE = 500  # times what the counting takes: numbers that take 6 seconds are counted every 50 minutes
CACHED_FOR = 7 * 86_400  # seconds: old numbers that say how old they are beat none
TRIED_EVERY = 60  # seconds between two tries to count in a page's time what no job has counted
IN_A_PAGES_TIME = 0.4  # seconds for each statement while somebody waits
IN_A_JOBS_TIME = 120.0  # seconds for each statement
GIVEN_UP_FOR = 3600  # seconds that the job leaves alone what even it could not count


@dataclass(frozen=True, kw_only=True)
class Counted(Generic[Numbers]):
    """Numbers, the moment that they are true of, and the seconds that the next counting is likely to take."""

    at: datetime
    takes: float
    numbers: Numbers

    def is_older_than(self, turns: float) -> bool:
        """Whether so many times have passed in which they should have been counted once, or nobody knows how many."""
        return is_older(self.at, turns * max(EVERY, PAUSE * timedelta(seconds=self.takes)))


@dataclass(frozen=True, kw_only=True)
class Counter(Generic[Numbers]):
    """Something to be counted: what the cache calls it, the type of its numbers, and how they are had.

    ``count`` is given the numbers of the last time, if they are still known, and may build on them. Its statements
    may read whole tables; they are ended when they take too long.
    """

    name: str
    kind: type[Numbers]
    count: Callable[[Numbers | None], Numbers]

    @property
    def key(self) -> str:
        return f"overview:{self.name}"

    def read(self, stored: object) -> Counted[Numbers] | None:
        """Read what the cache holds; what is not ours or another version's is as good as not there."""
        found = signed_cache.read(
            self.key, stored, within=CACHED_FOR, ahead=CACHED_FOR
        )  # the page says of when they are
        try:
            return self._adapter.validate_python(found.value) if found else None
        except ValidationError:
            return None

    def recount(self, before: Counted[Numbers] | None, *, seconds: float) -> Counted[Numbers]:
        """Count, and keep the numbers in the cache. Raises DatabaseError, RedisError.

        What was counted from nothing says little of how long it takes to build upon that: the next time will tell.
        """
        at, began = timezone.now(), time.monotonic()
        with _gently(seconds):
            numbers = self.count(before.numbers if before else None)
        counted = Counted(at=at, takes=time.monotonic() - began if before else 0.0, numbers=numbers)
        signed_cache.put(self.key, self._adapter.dump_python(counted, mode="json"), seconds=CACHED_FOR)
        return counted

    @cached_property
    def _adapter(self) -> TypeAdapter[Counted[Numbers]]:
        return TypeAdapter(Counted[self.kind])  # type: ignore[name-defined]  # known when it runs


Known = dict[str, Counted[Any]]


def cached_numbers(counters: Collection[Counter[Any]]) -> Known:
    """Return what is known, by the counters' keys. What no job has counted in time is tried now, briefly and rarely.

    So a small site has its numbers at once, and a large one never waits for them. Raises RedisError.
    """
    known = _known(counters)
    for counter in counters:
        if not _has_been(counter, known, turns=2) and cache.add(f"{counter.key}:tried", 1, TRIED_EVERY):
            try:
                known[counter.key] = counter.recount(known.get(counter.key), seconds=IN_A_PAGES_TIME)
            except DatabaseError as failed:
                _publish(counter, failed)
                break  # most likely it took too long, and somebody is waiting: the job will count it
    return known


def count_what_is_due(counters: Collection[Counter[Any]]) -> None:
    """Count what it is time for. What takes too long is left alone for a while; the others are counted."""
    known = _known(counters)
    for counter in counters:
        is_in_time = _has_been(counter, known, turns=0.9)  # jobs do not come to the second
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
    """Whether it was counted within so many of the times that it should be counted in."""
    return counter.key in known and not known[counter.key].is_older_than(turns=turns)


def _publish(counter: Counter[Any], failed: DatabaseError) -> None:
    logger.warning("not counted: %s: %s", counter.name, type(failed.__cause__).__name__)


@contextmanager
def _gently(seconds: float) -> Iterator[None]:
    """End statements that take longer, keep them to one processor, and leave the connection as it was."""
    limits = {"statement_timeout": f"{seconds * 1000:.0f}", "max_parallel_workers_per_gather": "0"}
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in limits.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield
        transaction.set_rollback(True)  # nothing was written; the settings end with the transaction, or the savepoint
