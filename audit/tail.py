"""Reads the trail from a cursor on, without skipping entries that commit late (ADR 16).

Ids are assigned before the commit, so an entry with a lower id may appear after one with a higher id was read.
Transactions are numbered as well, and below the oldest running one nothing can appear any more. So a cursor is a
transaction and an id in it, and only settled entries are read: those of transactions below that horizon.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from audit.models import Entry

_BOOLEAN = BooleanField()
LAST = 2**63 - 1  # above every id: the end of a transaction
HORIZON = "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"


@dataclass(frozen=True, order=True, kw_only=True)
class Cursor:
    """A position in the trail: everything up to this entry of this transaction has been read.

    Ids up to ``floor`` were read before the database was restored from a dump, because a restored one starts its
    transaction numbers again.
    """

    txid: int = 0
    id: int = LAST
    floor: int = 0

    def after(self, entry: Entry) -> "Cursor":
        return replace(self, txid=entry.txid, id=entry.pk)


def current_cursor() -> Cursor:
    """Return the cursor after which everything is read that commits from now on, except this very transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (txid,) = cursor.fetchone()
    return Cursor(txid=txid)


def cursor_at(entry: Entry) -> Cursor:
    return Cursor(txid=entry.txid, id=entry.pk)


def settled(place: Cursor, *, limit: int, only: Q | None = None) -> tuple[list[Entry], Cursor]:
    """Return the next settled entries, and the cursor from which to continue if the caller uses all of them.

    When none are left, the cursor is the horizon, so that what lies before it is not searched again.
    """
    with connection.cursor() as cursor:
        cursor.execute(HORIZON)
        horizon, beyond = cursor.fetchone()
    entries = list(_between(place, horizon, only)[:limit])
    if len(entries) == limit:
        return entries, place.after(entries[-1])
    if place.txid >= beyond:  # from before a restore, and all of that has been read
        newest = Entry.objects.filter(_of_an_earlier_life()).order_by("-id").values_list("id", flat=True).first()
        return entries, Cursor(floor=max(newest or 0, place.floor))
    reached = place.after(entries[-1]) if entries else place
    if not Entry.objects.filter(_after(reached)).exists():
        return entries, reached  # unchanged, so that callers have nothing to store while nothing happens
    return entries, max(reached, Cursor(txid=horizon - 1, floor=place.floor))


def oldest_after(place: Cursor, *, only: Q) -> datetime | None:
    """Return the time of the oldest entry after a cursor, settled or not, or None if there is none."""
    after = Entry.objects.filter(_after(place), only).order_by("txid", "id")
    return after.values_list("at", flat=True).first()


def batches(place: Cursor, *, limit: int) -> Iterator[tuple[list[Entry], Cursor]]:
    """Yield the settled entries in batches. The last one is smaller than the limit, or empty."""
    while True:
        entries, place = settled(place, limit=limit)
        yield entries, place
        if len(entries) < limit:
            return


def _between(place: Cursor, horizon: int, only: Q | None) -> Any:
    is_over = Q(txid__lt=horizon) | _of_an_earlier_life()
    return Entry.objects.filter(_after(place), is_over, only or Q()).order_by("txid", "id")


def _of_an_earlier_life() -> Q:
    """Select visible entries whose transaction number is beyond all transactions so far: they are from a restore.

    The statement uses its own snapshot, because entries that commit later are beyond any earlier snapshot, too.
    """
    beyond: Any = RawSQL("audit_entry.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", [], _BOOLEAN)
    return Q(beyond)


def _after(place: Cursor) -> Q:
    """Compare rows, which PostgreSQL can answer from an index on both columns."""
    row: Any = RawSQL("(audit_entry.txid, audit_entry.id) > (%s, %s)", [place.txid, place.id], _BOOLEAN)
    after = Q(row)
    return after & Q(id__gt=place.floor) if place.floor else after
