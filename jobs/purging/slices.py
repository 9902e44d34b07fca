"""Removing a slice of a table's expired rows in a statement of its own, as large as its time allows.

Two ways through a table. By the index of what expires, where little has: only those rows are touched. By the heap, a
stretch of blocks after the other, where much has: as fast as one statement for all, and each stretch is short. Either
way a row is judged once more by the statement that removes it, so one that lives longer meanwhile stays; and one that
somebody holds is left to the next run.

Where not only the age decides, old rows stay in number, and a slice must not read past them again and again: such a
table is walked through by its index, each statement going on behind the last row that the one before has looked at.
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
LEAST_ROWS, MOST_ROWS = 100, 2_000  # of a slice by the index
LEAST_BLOCKS, MOST_BLOCKS = 64, 512  # of a stretch of the heap: a block of sessions holds a dozen
FEW = 5_000  # rows: up to so many the index is the way

# A commit that a crash loses is one that the next run makes again: no stretch waits for the disk.
BEFORE = "SELECT set_config('lock_timeout', '50ms', false), set_config('synchronous_commit', 'off', false)"
AFTER = "RESET lock_timeout; RESET synchronous_commit"
# Both say the same; the planner, whatever it believes of the table, has no index for the second.
EXPIRED = '"{column}" < statement_timestamp() - %(kept_for)s'
IN_STRETCH = """
    ctid >= %(first)s::tid AND ctid < %(last)s::tid AND "{column}" + %(kept_for)s < statement_timestamp()
"""
# An array is found once. A join, by a plan for a table said to be empty, finds the rows anew for each, past the limit.
BY_INDEX = """
    DELETE FROM "{table}" WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM "{table}" WHERE {expired} ORDER BY "{column}" LIMIT %(size)s FOR UPDATE SKIP LOCKED
    ))
"""
# A statement of its own: with the other in one condition, each run would read the index of all that lives.
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
# Rows that stay are read and not locked. What goes is judged by its newest version (PostgreSQL, 13.2.1).
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
    """How much a statement takes on: it grows while they are quick, and shrinks at once when one was not.

    By half at the most: one that merely waited for a core says little, and many small ones take longer in all.
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
    """Remove slice by slice, each in a transaction of its own, and tell how many rows each had."""
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
    """Remove what lies further ahead than anything may."""
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
    """Wait for nobody's row and for no disk. A connection that is broken has forgotten it by itself."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE)
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(AFTER)


def _estimate(purgeable: Purgeable) -> int:
    """What the planner expects. Counting would read every entry of the index that a run before has left behind."""
    plan = _ask(ESTIMATE, purgeable)
    found: int = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    return found


def count(purgeable: Purgeable, *, most: int | None = None) -> int:
    """Return how many rows have expired, up to so many."""
    return int(_ask(COUNT, purgeable, most=most))


def oldest(purgeable: Purgeable) -> datetime | None:
    """Return since when something waits to be removed."""
    found: datetime | None = _ask(OLDEST, purgeable)
    return found


def _by_index(purgeable: Purgeable) -> Generator[int, None, bool]:
    """Return whether that was all: the planner may have been wrong."""
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
    """Look at everything that is old enough, once."""
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
    """Go through the blocks that there are now."""
    size = Size(now=LEAST_BLOCKS * 4, least=LEAST_BLOCKS, most=MOST_BLOCKS)
    first, end = 0, int(_ask(BLOCKS, purgeable, table=f'"{purgeable.table}"'))
    while first < end:
        last, begun = min(first + size.now, end), time.monotonic()
        removed = _remove_range(purgeable, first=f"({first},0)", last=f"({last},0)")
        size.learn(removed, time.monotonic() - begun)
        first = last
        yield removed


def _remove_range(purgeable: Purgeable, **stretch: str) -> int:
    """Where somebody holds a row for longer than a moment, remove what is around it."""
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
    """A transaction of its own: where no context is needed, that of the one statement."""
    with ExitStack() as stack:
        if has_owner(purgeable.model_class):
            stack.enter_context(site_context("what expired long ago is removed, whosever it was", actor=ACTOR))
        elif connection.in_atomic_block:
            stack.enter_context(transaction.atomic())
        yield
