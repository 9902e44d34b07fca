"""Daily counts of events. Only the entries of these days are read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.events import Event
from audit.models import Entry, Source

SLACK = timedelta(hours=1)  # how far ids and times may differ in order: a long statement draws ids after its time

HALVING = """
    WITH RECURSIVE halving (low, high) AS (
        SELECT 0::bigint, coalesce(max(id), 0) + 1 FROM audit_entry
        UNION ALL
        SELECT
            CASE WHEN found.at < since THEN found.id + 1 ELSE low END,
            CASE WHEN found.at < since THEN high ELSE middle END
        FROM halving
        CROSS JOIN LATERAL (SELECT (low + high) / 2 AS middle, %s::timestamptz AS since) AS asked
        LEFT JOIN LATERAL (
            SELECT id, at FROM audit_entry WHERE id >= middle ORDER BY id LIMIT 1
        ) AS found ON true
        WHERE low < high
    )
    SELECT low FROM halving WHERE low >= high
"""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often an event happened on one day with the same details, and when it last did."""

    day: date
    event: Event
    details: tuple[str, ...]
    count: int
    latest: datetime


def by_day(events: Collection[Event], *, by: Sequence[str], since: datetime) -> list[Tally]:
    """Count events by day, in the site's time zone, and by some of their details. A missing detail counts as ""."""
    names = [f"by_{detail}" for detail in by]
    rows: Iterable[Any] = (  # the column names are known only at run time
        Entry.objects.filter(source=Source.EVENT, action__in=events, id__gte=first_id(since - SLACK), at__gte=since)
        .order_by()
        .values(
            "action",
            day=TruncDate("at", tzinfo=timezone.get_default_timezone()),
            **{name: KT(f"details__{detail}") for name, detail in zip(names, by, strict=True)},
        )
        .annotate(count=Count("id"), latest=Max("at"))
    )
    return [
        Tally(
            day=row["day"],
            event=Event(row["action"]),
            details=tuple(row[name] or "" for name in names),
            count=row["count"],
            latest=row["latest"],
        )
        for row in rows
    ]


def first_id(since: datetime) -> int:
    """Find the first id at or after a time, by binary search: ids are ordered by time, and only ids have an index."""
    with connection.cursor() as cursor:
        cursor.execute(HALVING, [since])
        found: int = cursor.fetchone()[0]
    return found
