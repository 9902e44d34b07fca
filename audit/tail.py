"""Reading the trail onwards from a place in it, so that nothing is skipped that commits late (ADR 16).

Ids are drawn before the commit: an entry with a lower id may appear after one with a higher id was read. Transactions
are numbered too, and below the lowest one under way nothing can appear any more. So a place in the trail is a
transaction with an id in it, and what is read is settled.
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
    """A place in the trail: all up to this entry of this transaction has been read.

    Ids up to ``floor`` were read in an earlier life of the database: one that is restored from a dump begins to
    number its transactions anew.
    """

    txid: int = 0
    id: int = LAST
    floor: int = 0

    def after(self, entry: Entry) -> "Cursor":
        return replace(self, txid=entry.txid, id=entry.pk)


def current_cursor() -> Cursor:
    """Return the place from which everything is read that commits from now on, this very transaction left out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (txid,) = cursor.fetchone()
    return Cursor(txid=txid)


def cursor_at(entry: Entry) -> Cursor:
    return Cursor(txid=entry.txid, id=entry.pk)


def settled(place: Cursor, *, limit: int, only: Q | None = None) -> tuple[list[Entry], Cursor]:
    """Return the next settled entries, and the place to go on from where nobody takes less than all of them.

    Where there are none left, that is the horizon: what lies before it need not be looked through again.
    """
    with connection.cursor() as cursor:
        cursor.execute(HORIZON)
        horizon, beyond = cursor.fetchone()
    entries = list(_between(place, horizon, only)[:limit])
    if len(entries) == limit:
        return entries, place.after(entries[-1])
    if place.txid >= beyond:  # of an earlier life, and all of that is read
        newest = Entry.objects.filter(_of_an_earlier_life()).order_by("-id").values_list("id", flat=True).first()
        return entries, Cursor(floor=max(newest or 0, place.floor))
    reached = place.after(entries[-1]) if entries else place
    if not Entry.objects.filter(_after(reached)).exists():
        return entries, reached  # so that who notes places has nothing to write while nothing happens
    return entries, max(reached, Cursor(txid=horizon - 1, floor=place.floor))


def oldest_after(place: Cursor, *, only: Q) -> datetime | None:
    """Return the time of the oldest entry after a place, settled or not; None where there is none."""
    after = Entry.objects.filter(_after(place), only).order_by("txid", "id")
    return after.values_list("at", flat=True).first()


def batches(place: Cursor, *, limit: int) -> Iterator[tuple[list[Entry], Cursor]]:
    """Give what is settled, batch by batch; the last one is smaller than the limit, or empty."""
    while True:
        entries, place = settled(place, limit=limit)
        yield entries, place
        if len(entries) < limit:
            return


def _between(place: Cursor, horizon: int, only: Q | None) -> Any:
    is_over = Q(txid__lt=horizon) | _of_an_earlier_life()
    return Entry.objects.filter(_after(place), is_over, only or Q()).order_by("txid", "id")


def _of_an_earlier_life() -> Q:
    """Numbered beyond all transactions that there have been, and yet to be seen.

    The statement asks for its own snapshot: what commits after another one was taken is beyond that too.
    """
    beyond: Any = RawSQL("audit_entry.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", [], _BOOLEAN)
    return Q(beyond)


def _after(place: Cursor) -> Q:
    """A comparison of rows, which an index on both columns answers at once."""
    row: Any = RawSQL("(audit_entry.txid, audit_entry.id) > (%s, %s)", [place.txid, place.id], _BOOLEAN)
    after = Q(row)
    return after & Q(id__gt=place.floor) if place.floor else after
