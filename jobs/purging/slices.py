"""Removes the expired rows of a table in slices: one statement each, sized by how long the last one took.

If few rows have expired they are found by the index on the time of expiry, and only those rows are touched. If many
have, the heap is scanned one range of blocks after the other, which is as fast as a single statement for all, while
each statement stays short. In both cases the deleting statement checks the condition again, so a row whose expiry was
extended meanwhile stays. A row that another transaction has locked is left to the next run.

Where the age alone does not decide, many old rows stay, and a slice must not read past them again and again. Such a
table is walked in the order of its index: each statement continues after the last row that the one before has read.
"""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg import errors

from audit.context import Actor, ActorKind
from foundation.clocks import LEEWAY
from foundation.declarations import Purgeable
from tenancy import site_context
from tenancy.owned import has_owner

ACTOR = Actor(ActorKind.JOB, "purge")

TIME = 0.008  # seconds that a statement should take
LEAST_ROWS, MOST_ROWS = 100, 2_000  # of a slice by index
LEAST_BLOCKS, MOST_BLOCKS = 64, 512  # of a slice of the heap; a block has about a dozen sessions
FEW = 5_000  # rows: up to this many are removed by the index

# No slice waits for the disk. If a crash loses a commit, the next run removes the rows again.
BEFORE = "SELECT set_config('lock_timeout', '50ms', false), set_config('synchronous_commit', 'off', false)"
AFTER = "RESET lock_timeout; RESET synchronous_commit"
# Both conditions mean the same, but the second cannot use the index, whatever the planner's statistics are.
EXPIRED = '"{column}" < statement_timestamp() - %(kept_for)s'
IN_STRETCH = """
    ctid >= %(first)s::tid AND ctid < %(last)s::tid AND "{column}" + %(kept_for)s < statement_timestamp()
"""
# The array is computed once. With a join, a plan made for a seemingly empty table would run the subquery for each row
# and so exceed the limit.
BY_INDEX = """
    DELETE FROM "{table}" WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM "{table}" WHERE {expired} ORDER BY "{column}" LIMIT %(size)s FOR UPDATE SKIP LOCKED
    ))
"""
# A separate statement: combined with the other condition by OR, each run would read the index of all live rows.
AHEAD = """
    DELETE FROM "{table}" WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM "{table}" t WHERE "{column}" > statement_timestamp() + %(longest)s {and_judged}
        ORDER BY "{column}" LIMIT %(size)s FOR UPDATE SKIP LOCKED
    ))
"""
BY_HEAP = 'DELETE FROM "{table}" WHERE {in_stretch}'
AROUND = """
    DELETE FROM "{table}" WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM "{table}" WHERE {in_stretch} FOR UPDATE SKIP LOCKED
    ))
"""
# Rows that stay are read but not locked. Rows to be removed are checked in their newest version (PostgreSQL, 13.2.1).
WALK = """
    WITH looked AS MATERIALIZED (
        SELECT id, "{column}" AS at FROM "{table}" t
        WHERE {expired} AND {among} AND ("{column}", id) > (%(at)s::timestamptz, %(id)s)
        ORDER BY "{column}", id LIMIT %(size)s
    ), gone AS (
        DELETE FROM "{table}" WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM "{table}" t WHERE id = ANY (ARRAY(SELECT id FROM looked)) AND {expired} {and_judged}
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone), count(*), max(at)::text, (array_agg(id ORDER BY at DESC, id DESC))[1]
    FROM looked
"""
BEGINNING = ("-infinity", 0)
ESTIMATE = 'EXPLAIN (FORMAT JSON) SELECT FROM "{table}" WHERE {expired}'
COUNT = 'SELECT count(*) FROM (SELECT FROM "{table}" t WHERE {expired} {and_judged} LIMIT %(most)s) found'
OLDEST = 'SELECT min("{column}") FROM "{table}" t WHERE {expired} {and_judged}'
BLOCKS = "SELECT pg_relation_size(%(table)s::regclass) / current_setting('block_size')::bigint"


@dataclass
class Size:
    """The size of the next slice: it grows while statements are fast and shrinks as soon as one is slow.

    It shrinks by half at most, because a statement may have been slow only for want of a CPU, and because many small
    slices take longer in total.
    """

    now: int
    least: int
    most: int

    def learn(self, removed: int, seconds: float) -> None:
        if seconds > TIME:
            self.now = max(self.least, int(self.now * max(0.5, TIME / seconds)))
        elif removed and seconds < 0.75 * TIME:
            self.now = min(self.most, self.now * 2)


def delete_expired(purgeable: Purgeable) -> Generator[int, None, None]:
    """Remove the expired rows slice by slice, each in its own transaction, and yield the size of each slice."""
    with _without_waiting():
        yield from _ahead(purgeable)
        if purgeable.judged:
            yield from _by_walk(purgeable)
            return
        if _estimate(purgeable) <= FEW:
            is_done = yield from _by_index(purgeable)
            if is_done:
                return
        yield from _by_heap(purgeable)


def _ahead(purgeable: Purgeable) -> Iterator[int]:
    """Remove rows whose expiry is further ahead than possible: a wrong clock wrote it (``foundation.clocks``)."""
    if purgeable.longest is None:
        return
    size, longest = Size(now=1_000, least=LEAST_ROWS, most=MOST_ROWS), purgeable.longest() + LEEWAY
    while True:
        wanted, begun = size.now, time.monotonic()
        removed = _remove(AHEAD, purgeable, size=wanted, longest=longest)
        size.learn(removed, time.monotonic() - begun)
        yield removed
        if removed < wanted:
            return


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Wait neither for row locks nor for the disk. A broken connection has lost these settings by itself."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE)
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(AFTER)


def _estimate(purgeable: Purgeable) -> int:
    """Return the planner's estimate. A count would read all the dead index entries that earlier runs left behind."""
    plan = _ask(ESTIMATE, purgeable)
    found: int = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    return found


def count(purgeable: Purgeable, *, most: int | None = None) -> int:
    """Return how many rows have expired, counted up to ``most``."""
    return int(_ask(COUNT, purgeable, most=most))


def oldest(purgeable: Purgeable) -> datetime | None:
    """Return the earliest time of expiry among the rows to be removed."""
    found: datetime | None = _ask(OLDEST, purgeable)
    return found


def _by_index(purgeable: Purgeable) -> Generator[int, None, bool]:
    """Remove by the index. Return whether nothing is left; if not, the planner's estimate was too low."""
    size, total = Size(now=1_000, least=LEAST_ROWS, most=MOST_ROWS), 0
    while total <= FEW:
        wanted, begun = size.now, time.monotonic()
        removed = _remove(BY_INDEX, purgeable, size=wanted)
        size.learn(removed, time.monotonic() - begun)
        yield removed
        if removed < wanted:
            return True
        total += removed
    return False


def _by_walk(purgeable: Purgeable) -> Iterator[int]:
    """Check every row that is old enough once, in the order of the index."""
    size, (at, last) = Size(now=1_000, least=LEAST_ROWS, most=MOST_ROWS), BEGINNING
    while True:
        wanted, begun = size.now, time.monotonic()
        with _within(purgeable), connection.cursor() as cursor:
            cursor.execute(_sql(WALK, purgeable), _given(purgeable, {"size": wanted, "at": at, "id": last}))
            removed, looked, at, last = cursor.fetchone()
        size.learn(looked, time.monotonic() - begun)
        yield removed
        if looked < wanted:
            return


def _by_heap(purgeable: Purgeable) -> Iterator[int]:
    """Scan the blocks that the table has now, one range after the other."""
    size = Size(now=LEAST_BLOCKS * 4, least=LEAST_BLOCKS, most=MOST_BLOCKS)
    first, end = 0, int(_ask(BLOCKS, purgeable, table=f'"{purgeable.table}"'))
    while first < end:
        last, begun = min(first + size.now, end), time.monotonic()
        removed = _remove_range(purgeable, first=f"({first},0)", last=f"({last},0)")
        size.learn(removed, time.monotonic() - begun)
        first = last
        yield removed


def _remove_range(purgeable: Purgeable, **stretch: str) -> int:
    """Remove a range of blocks. If a row stays locked for longer than the lock timeout, skip locked rows."""
    try:
        return _remove(BY_HEAP, purgeable, **stretch)
    except OperationalError as failed:
        if not isinstance(failed.__cause__, errors.LockNotAvailable):
            raise
        return _remove(AROUND, purgeable, **stretch)


def _remove(statement: str, purgeable: Purgeable, **given: object) -> int:
    with _within(purgeable), connection.cursor() as cursor:
        cursor.execute(_sql(statement, purgeable), _given(purgeable, given))
        return int(cursor.rowcount)


def _ask(question: str, purgeable: Purgeable, **given: object) -> Any:
    with _within(purgeable), connection.cursor() as cursor:
        cursor.execute(_sql(question, purgeable), _given(purgeable, given))
        (answer,) = cursor.fetchone()
        return answer


def _given(purgeable: Purgeable, more: dict[str, Any]) -> dict[str, Any]:
    judged = purgeable.judged.given() if purgeable.judged else {}
    return {"kept_for": purgeable.kept_for, **judged, **more}


def _sql(text: str, purgeable: Purgeable) -> str:
    names = {"table": purgeable.table, "column": purgeable.column, "among": "true", "and_judged": ""}
    if judged := purgeable.judged:
        names |= {"among": judged.among, "and_judged": f"AND {judged.among} AND NOT ({judged.is_wanted})"}
    return text.format(expired=EXPIRED.format(**names), in_stretch=IN_STRETCH.format(**names), **names)


@contextmanager
def _within(purgeable: Purgeable) -> Iterator[None]:
    """Run one statement in its own transaction. Without a context to set, autocommit does that."""
    with ExitStack() as stack:
        if has_owner(purgeable.model_class):
            stack.enter_context(site_context("the purge removes expired rows of all tenants and people", actor=ACTOR))
        elif connection.in_atomic_block:
            stack.enter_context(transaction.atomic())
        yield
