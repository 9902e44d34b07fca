"""Removes entries that are due: whole months at once, and single entries of tenants with a shorter retention.

The database refuses to remove entries that are younger than the minimum. Each removal is recorded with a code that only
the holder of the sealing key can make; without it, verification would report the entries as missing.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg import errors
from psycopg.types.json import Jsonb

from audit.canonical import fetched
from audit.events import Event, record
from audit.models import JobRun, Retention
from audit.retention.rules import SITE, due
from audit.sealing.ids import Ids
from audit.sealing.keys import signed
from audit.sealing.seals import format_time, oldest_unsealed
from audit.tallies import SLACK, first_id
from foundation.clocks import LEEWAY
from foundation.locks import one_at_a_time

logger = logging.getLogger(__name__)

JOB = "retention"
AHEAD = 2  # months whose partitions are created ahead
SLICE = 2000  # entries per statement, which takes some tens of milliseconds
TRIES = 20  # to get the lock on an old month, waiting 0.1 seconds longer each time
MONTHS = """
    SELECT name, greatest(lower, '0001-01-02 00:00+00'), upper
    FROM public.audit_months() WHERE parent = 'audit_entry' AND upper <= public.audit_due(NULL) ORDER BY upper
"""
KEPT = """
    SELECT EXISTS (
        SELECT FROM audit_entry WHERE at >= %s AND at < %s AND tenant_id = ANY (
            ARRAY(SELECT tenant_id FROM audit_retention WHERE public.audit_due(tenant_id) < %s)
        )
    )
"""


@dataclass
class Removed:
    """What a run removed, and what kept it from finishing (``detail``)."""

    months: int = 0
    entries: int = 0
    detail: str = ""


def make_months() -> None:
    """Create the missing partitions for this month and the next ones. Safe to run twice at once."""
    _all("SELECT public.audit_make_months(%s)", AHEAD)


def remove_due(*, seconds: float | None = None) -> Removed:
    """Remove entries that are due, for ``seconds`` or to the end. The next run continues from there.

    Entries that are not sealed yet are never removed. If the sealing job has stopped, they stay and the run reports it.
    """
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    with one_at_a_time(JOB) as is_ours:
        if not is_ours:
            return Removed(detail="another run is under way")
        done, run = Removed(), JobRun.objects.filter(name=JOB).first() or JobRun(name=JOB)
        _remove_months(done, deadline)
        run.progress = _remove_slices(done, deadline, run.progress)
        run.ran_at, run.detail = timezone.now(), done.detail
        run.save()
    if done.months or done.entries:
        record(Event.ENTRIES_REMOVED, months=done.months, entries=done.entries)
    return done


def _remove_months(done: Removed, deadline: float) -> None:
    for name, lower, upper in _all(MONTHS):
        if time.monotonic() > deadline:
            return
        if not _one("SELECT EXISTS (SELECT FROM audit_entry WHERE at >= %s AND at < %s)", lower, upper)[0]:
            continue
        if _one(KEPT, lower, upper, upper)[0]:
            continue  # some tenant keeps its entries longer; the others are removed in slices
        if not _is_sealed(upper):
            done.detail = f"{name} waits to be sealed"
            return
        _remove_month(name, lower, upper, done)
    _all("SELECT public.audit_drop_empty_months()")


def _remove_month(name: str, lower: datetime, upper: datetime, done: Removed) -> None:
    """Remove a month, and the digests that the seals have of its entries. The seals themselves stay."""
    with transaction.atomic():
        found = fetched("SELECT id FROM audit_entry WHERE at >= %s AND at < %s ORDER BY id", [lower, upper])
        ids = Ids.of(id_ for (id_,) in found)
    _once_it_is_free(upper, Jsonb(_removal_values(ids, upper, month=name)))
    done.months += 1
    done.entries += len(ids)
    logger.info("%s was removed, with %s entries", name, len(ids))
    _one("SELECT public.audit_forget_digests(%s, %s)", lower, upper)


def _once_it_is_free(upper: datetime, values: Jsonb) -> None:
    """Remove the month that ends at ``upper``. Raises OperationalError if others keep it locked for too long."""
    tried = 1
    while True:
        try:
            with transaction.atomic():
                _one("SELECT public.audit_remove_month(%s, %s)", upper, values)
        except OperationalError as failed:
            if not isinstance(failed.__cause__, errors.LockNotAvailable) or tried == TRIES:
                raise
            time.sleep(0.1 * tried)
            tried += 1
        else:
            return


Progress = dict[str, Any]


def _remove_slices(done: Removed, deadline: float, progress: Progress) -> Progress:
    """Remove single entries that are due, rule by rule. The site's rule applies to all tenants without their own.

    Each rule walks the trail in the order of ids and continues where the last run stopped. If any rule has changed, all
    start again. Returns the progress.
    """
    days = dict(Retention.objects.values_list("tenant_id", "days"))
    places: dict[str, list[Any]] = progress.get("places", {}) if progress.get("days") == days else {}
    for tenant in days:
        until = due(tenant)
        if until is None:
            continue
        if not _is_sealed(until):
            done.detail = "what is due waits to be sealed"
            continue
        places[tenant] = _remove_of(tenant, sorted(set(days) - {SITE}), until, places.get(tenant), done, deadline)
    return {"days": days, "places": places}


def _remove_of(  # one rule, its progress, and the run that it is part of
    tenant: str, named: list[str], until: datetime, place: list[Any] | None, done: Removed, deadline: float
) -> list[Any]:
    whose, owner = ("tenant_id = %s", tenant) if tenant else ("coalesce(tenant_id, '') <> ALL (%s)", named)
    query = (
        f"SELECT id, at FROM audit_entry WHERE id > %s AND id < %s AND at < %s AND {whose} ORDER BY id LIMIT {SLICE}"
    )
    after, end = _begin(place, until), first_id(until + SLACK)
    while time.monotonic() < deadline:
        rows = _all(query, after, end, until, owner)
        if not rows:
            after = max(after, end - 1)
            break
        ids, times = Ids.of(id_ for id_, _at in rows), [at for _id, at in rows]
        values = Jsonb(_removal_values(ids, until, tenant_id=tenant))
        with transaction.atomic():
            _one("SELECT public.audit_remove_entries(%s, %s, %s, %s)", list(ids), min(times), max(times), values)
        done.entries += len(ids)
        after = rows[-1][0]
    return [after, until.isoformat()]


def _begin(place: list[Any] | None, until_now: datetime) -> int:
    """Return the id after which to start.

    Entries that the last run passed because they were not due yet have ids from about its limit on. If that limit is
    later than the present one, the clock was ahead then, and the walk starts from the beginning.
    """
    if place is None or datetime.fromisoformat(place[1]) > until_now + LEEWAY:
        return 0
    after, until = int(place[0]), datetime.fromisoformat(place[1])
    return min(after, first_id(until - SLACK) - 1)


def _removal_values(
    ids: Ids, until: datetime, *, month: str | None = None, tenant_id: str | None = None
) -> dict[str, Any]:
    values = signed(
        "removal",
        {
            "removal": str(uuid4()),
            "removed_at": format_time(timezone.now()),
            "month": month,
            "tenant_id": tenant_id,
            "until": format_time(until),
            "entries": len(ids),
            "ids": str(ids),
            "first_id": ids.spans[0][0],
            "last_id": ids.spans[-1][1],
        },
    )
    row = {("id" if name == "removal" else name): value for name, value in values.items()}
    return row | {"mac": rf"\x{values['mac']}"}


def _is_sealed(until: datetime) -> bool:
    """Whether all entries before this time are sealed."""
    oldest = oldest_unsealed()
    return oldest is None or oldest >= until


def _one(query: str, *parameters: Any) -> Any:
    return _all(query, *parameters)[0]


def _all(query: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        rows: list[Any] = cursor.fetchall()
        return rows
