"""Searches entries by any combination of filters, with a bounded cost per page (ADR 15).

One filter leads: its index returns entries in the order of their ids. The others are checked on each of these entries,
until the page is full or MOST_SCANNED entries were scanned; the reader can continue from there. So the cost of a page
depends neither on how rare a match of all filters is, nor on the planner's estimates.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from psycopg.errors import QueryCanceled

from audit.models import Entry
from foundation.estimates import estimate

MOST_SCANNED = 50_000  # entries for one page
PATIENCE = "5s"  # for one page: a safety net in case of a bad plan


class SearchTooSlow(Exception):
    """The database did not find the entries of a page in time."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One filter. ``where`` finds entries by an index, ``fits`` checks a single entry."""

    where: Q
    fits: Any = None
    is_indexed: bool = True

    @property
    def check(self) -> Any:
        return self.where if self.fits is None else self.fits


@dataclass(frozen=True, kw_only=True)
class Question:
    """A query: entries that meet all conditions and, if there are alternatives, at least one of these."""

    conditions: Sequence[Condition] = ()
    alternatives: Sequence[Condition] = ()
    within: Q = field(default_factory=Q)  # the time span, as ranges of ids and partitions for all queries

    def ways(self) -> list[list[Condition]]:
        """Return one list of conditions per alternative: the common ones and the alternative."""
        if not self.alternatives:
            return [[*self.conditions]]
        return [[*self.conditions, alternative] for alternative in self.alternatives]

    def of(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """Return all entries that match, to be read from end to end."""
        for condition in self.conditions:
            entries = entries.filter(condition.where)
        if self.alternatives:
            any_of = Q()
            for alternative in self.alternatives:
                any_of |= alternative.where
            entries = entries.filter(any_of)
        return entries.filter(self.within)


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """The entries of a page, in reading order. ``reached`` is the last scanned id if the search stopped early."""

    entries: list[Entry]
    has_more: bool = False
    reached: int | None = None


def find(
    entries: QuerySet[Entry], question: Question, *, beyond: int | None, ascending: bool = False, count: int
) -> SearchResult:
    """Find the next entries after (or, ascending, before) an id, or from the end.

    ``entries`` are those that the reader may see. The question has the same restriction as a condition, for the index.
    Raises SearchTooSlow.
    """
    direction = _Direction(beyond=beyond, ascending=ascending)
    places: list[tuple[int, Any]] = []
    frontiers: list[int] = []
    with time_limit():
        for conditions in question.ways():
            found, reached = _scan(conditions, question.within, direction, count + 1)
            places += found
            if reached is not None:
                frontiers.append(reached)
        reached = direction.nearest(frontiers)
        wanted = [place for place in direction.sorted(set(places)) if direction.is_within(place[0], reached)]
        page = _fetch(entries, wanted[:count], direction)
    if len(wanted) > count:
        return SearchResult(entries=page, has_more=True)
    return SearchResult(entries=page, has_more=reached is not None, reached=reached)


@dataclass(frozen=True, kw_only=True)
class _Direction:
    beyond: int | None
    ascending: bool

    @property
    def order(self) -> str:
        return "id" if self.ascending else "-id"

    @property
    def range(self) -> Q:
        if self.beyond is None:
            return Q()
        return Q(id__gt=self.beyond) if self.ascending else Q(id__lt=self.beyond)

    def sorted(self, places: set[tuple[int, Any]]) -> list[tuple[int, Any]]:
        return sorted(places, reverse=not self.ascending)

    def nearest(self, frontiers: Sequence[int]) -> int | None:
        """Return the nearest id at which an alternative stopped: results beyond it may be incomplete."""
        if not frontiers:
            return None
        return min(frontiers) if self.ascending else max(frontiers)

    def is_within(self, entry: int, reached: int | None) -> bool:
        if reached is None:
            return True
        return entry <= reached if self.ascending else entry >= reached


def _scan(
    conditions: Sequence[Condition], within: Q, direction: _Direction, count: int
) -> tuple[list[tuple[int, Any]], int | None]:
    """Return ids and times of the matches and, if the scan stopped before the end, the last id that it scanned."""
    leading = _leading(conditions)
    others = [condition for condition in conditions if condition is not leading]
    brought = Entry.objects.filter(leading.where if leading else Q())
    brought = brought.filter(within, direction.range).order_by(direction.order)
    if not others:
        return list(brought.values_list("id", "at")[:count]), None
    fits = Q()
    for other in others:
        fits &= other.check if isinstance(other.check, Q) else Q(other.check)
    looked = brought.annotate(fits=ExpressionWrapper(fits, output_field=BooleanField()))
    try:
        sql, parameters = looked.values_list("id", "at", "fits")[:MOST_SCANNED].query.sql_with_params()
    except EmptyResultSet:  # an id that no row can have
        return [], None
    with connection.cursor() as cursor:
        # LIMIT is an optimization fence: the inner query returns rows in order, and no condition is pushed into it.
        cursor.execute(
            f"SELECT * FROM ({sql}) AS looked (id, at, fits) WHERE fits LIMIT {count}", parameters
        )  # written by the ORM
        found = [(entry, at) for entry, at, _fits in cursor.fetchall()]
    if len(found) == count:
        return found, None
    last = brought.values_list("id", flat=True)[MOST_SCANNED - 1 : MOST_SCANNED]
    return found, next(iter(last), None)


def _leading(conditions: Sequence[Condition]) -> Condition | None:
    """Return the condition with the lowest estimate. A wrong one makes more pages, not slower ones."""
    indexed = [condition for condition in conditions if condition.is_indexed]
    if len(indexed) < 2:
        return indexed[0] if indexed else None
    return min(indexed, key=lambda condition: estimate(Entry.objects.filter(condition.where)))


def _fetch(entries: QuerySet[Entry], places: Sequence[tuple[int, Any]], direction: _Direction) -> list[Entry]:
    """Fetch entries by id. The range of their times selects the partitions."""
    if not places:
        return []
    times = [at for _id, at in places]
    wanted = entries.filter(pk__in=[entry for entry, _at in places], at__range=(min(times), max(times)))
    return list(wanted.order_by(direction.order))


@contextmanager
def time_limit(limit: str = PATIENCE) -> Iterator[None]:
    """Cancel the block when a statement takes too long, without the rest of the transaction. Raises SearchTooSlow."""
    try:
        with transaction.atomic():
            before = _limit(limit)
            yield
            _limit(before)
    except OperationalError as failed:
        if isinstance(failed.__cause__, QueryCanceled):
            raise SearchTooSlow from failed
        raise


def _limit(limit: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [limit]
        )
        before: str = cursor.fetchone()[0]
    return before
