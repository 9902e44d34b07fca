"""Sends the messages that are due: several webhooks at once, with one run per webhook at a time (ADR 16).

No transaction is open while we wait for a receiver: one that has written would hold back the horizon below which the
trail is settled, for all readers. A run holds its webhook by an advisory lock of the connection, which is released when
the process ends, however that happens.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audit import tail
from audit.context import Actor, ActorKind
from audit.events import Event, record
from audit.models import Entry
from audit.serialization import entry_type
from audit.tail import Cursor
from foundation import retry_after
from foundation.locks import one_at_a_time
from foundation.posting import Outcome, Result
from jobs.retry import HEALTH, JITTER, RetryPolicy, doubling, wake
from tenancy import site_context, tenant_context
from webhooks.messages import message, wanted
from webhooks.models import Delivery, Webhook
from webhooks.notice import notify_disabled
from webhooks.sending import send

logger = logging.getLogger(__name__)

Ids = tuple[UUID, UUID]  # a webhook's and its tenant's
ACTOR = Actor(ActorKind.JOB, "webhooks")
SENDERS = 6  # receivers called at once on the whole site; each takes a connection from the pool
SENDERS_OF_ONE = 2  # of these for one tenant, so that its slow receivers do not delay those of others
BATCH = 50  # entries per query
RUN_SECONDS = 20.0  # of one webhook's run; then the next one has its turn
RETRIES = RetryPolicy(  # of a message: 25 hours in total
    delays=tuple(timedelta(seconds=delay) for delay in (30, 300, 1800, 7200, 18_000, 28_800, 36_000)),
    jitter=JITTER,
    longest_asked=retry_after.LONGEST,
    max_attempts=8,
)
RESTS = RetryPolicy(  # of a failing receiver, until it has failed for five days without a success
    delays=doubling(timedelta(seconds=30), timedelta(hours=1)),
    jitter=JITTER,
    longest_asked=retry_after.LONGEST,
    max_age=timedelta(days=5),
)
ILL = 5  # refusals in a row after which the fault is assumed to be the receiver's and not that of the messages
MOST_WAITING = 500  # undelivered messages of one webhook; beyond that new entries wait in the trail


@dataclass(frozen=True, kw_only=True)
class Work:
    """One message to be sent: a new entry, or one that the receiver did not accept before."""

    entry: Entry
    delivery: Delivery | None = None


def send_due(*, seconds: float) -> None:
    """Send the messages that are due, for at most so many seconds. Returns at once if another run is in progress."""
    with one_at_a_time("webhooks") as is_ours:
        if not is_ours:
            return
        deadline = time.monotonic() + seconds
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook") as pool:
            under_way: dict[Ids, Future[None]] = {}
            turns: Counter[Ids] = Counter()
            while True:
                due = sorted(_due(), key=turns.__getitem__)  # the one with the fewest turns comes first
                for where in _with_room(due, under_way):
                    turns[where] += 1
                    under_way[where] = pool.submit(_run, *where, deadline)
                if not under_way:
                    return
                wait(under_way.values(), timeout=1.0, return_when=FIRST_COMPLETED)
                under_way = {where: future for where, future in under_way.items() if not future.done()}
                if time.monotonic() > deadline or (not under_way and set(due) <= turns.keys()):
                    return


def _with_room(due: Iterable[Ids], under_way: Collection[Ids]) -> Iterator[Ids]:
    """Yield the webhooks that may be started now beside those under way, as pairs of their id and their tenant's."""
    served = Counter(tenant_id for _, tenant_id in under_way)
    for webhook_id, tenant_id in due:
        if (webhook_id, tenant_id) not in under_way and served[tenant_id] < SENDERS_OF_ONE:
            served[tenant_id] += 1
            yield webhook_id, tenant_id


def run(webhook_id: UUID, tenant_id: UUID, *, deadline: float) -> None:
    """Send one webhook's messages until none are left, the receiver has to rest, or the time is up."""
    with one_at_a_time(f"webhook {webhook_id}") as is_ours:
        if not is_ours:
            return
        deadline = min(deadline, time.monotonic() + RUN_SECONDS)
        while time.monotonic() < deadline:
            batch = _next_batch(webhook_id, tenant_id)
            for work in batch:
                if not _do(webhook_id, tenant_id, work) or time.monotonic() > deadline:
                    return
            if not batch:
                return


def _run(webhook_id: UUID, tenant_id: UUID, deadline: float) -> None:
    """Run one webhook in a thread. An unexpected error ends this run alone and is logged."""
    try:
        run(webhook_id, tenant_id, deadline=deadline)
    except Exception:  # the outermost frame of a thread
        logger.exception("the run of a webhook failed", extra={"webhook": str(webhook_id)})
    finally:
        connection.close()


def _due() -> list[tuple[UUID, UUID]]:
    """Return the healthy webhooks first, so that failing ones take only the time that is left."""
    with site_context("the sender looks for webhooks that are due"):
        active = Webhook.objects.filter(RESTS.awake(), is_active=True)
        return list(active.order_by("failures", "pk").values_list("pk", "tenant_id"))


def _next_batch(webhook_id: UUID, tenant_id: UUID) -> list[Work]:
    with tenant_context(tenant_id, actor=ACTOR):
        webhook = Webhook.objects.filter(pk=webhook_id, is_active=True).first()
        if webhook is None or RESTS.waits(webhook.paused_until):
            return []
        waiting = Delivery.objects.waiting().filter(webhook=webhook)
        again = list(waiting.filter(RETRIES.due()).order_by("next_attempt_at")[:BATCH])
        if again:
            return [work for delivery in again if (work := _retried(delivery))]
        if waiting.count() >= MOST_WAITING:
            return []
        place = cursor_of(webhook)
        entries, reached = tail.settled(place, limit=BATCH, only=wanted(webhook))
        if not entries and reached != place:
            _move(webhook, reached)
        return [Work(entry=entry) for entry in entries]


def _retried(delivery: Delivery) -> Work | None:
    """Return a message to be retried, or None if retention has removed its entry; then it becomes a dead letter."""
    entry = Entry.objects.filter(pk=delivery.entry_id, at=delivery.entry_at).first()
    if entry is None:
        gone = "the entry is no longer in the trail"
        Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=None, failure=gone)
        return None
    return Work(entry=entry, delivery=delivery)


def _do(webhook_id: UUID, tenant_id: UUID, work: Work) -> bool:
    """Send one message and store the result; return whether to continue with the next one.

    If the process is killed in between, the message is sent once more with the same id.
    """
    with tenant_context(tenant_id, actor=ACTOR):
        webhook = Webhook.objects.filter(pk=webhook_id, is_active=True).first()
    if webhook is None:
        return False
    outcome = send(webhook, message(work.entry, webhook))
    with tenant_context(tenant_id, actor=ACTOR):
        known = Webhook.objects.select_for_update().filter(pk=webhook_id).first()
        return known is not None and _note(known, work, outcome)


def _note(webhook: Webhook, work: Work, outcome: Outcome) -> bool:
    if work.delivery is None:
        _move(webhook, cursor_of(webhook).after(work.entry))
    if outcome.fate is Result.TAKEN:
        _note_success(webhook, work)
        return True
    _note_undelivered(webhook, work, outcome)
    return _note_failure(webhook, outcome)


def _note_success(webhook: Webhook, work: Work) -> None:
    if work.delivery:
        Delivery.objects.filter(pk=work.delivery.pk).delete()
    if webhook.paused_until:  # it works again, so the waiting messages are due now
        wake(Delivery.objects.filter(webhook=webhook))
    webhook.note_success()
    webhook.last_success_at, webhook.last_failure = timezone.now(), ""
    webhook.save(update_fields=[*HEALTH, "last_success_at", "last_failure"])


def _note_undelivered(webhook: Webhook, work: Work, outcome: Outcome) -> None:
    now, entry = timezone.now(), work.entry
    attempts = work.delivery.attempts + 1 if work.delivery else 1
    is_dead = RETRIES.gives_up(attempts=attempts)
    next_attempt_at = None if is_dead else now + RETRIES.delay(attempts, asked=outcome.retry_after)
    tried = {
        "attempts": attempts,
        "last_tried_at": now,
        "next_attempt_at": next_attempt_at,
        "failure": outcome.reason[:300],
    }
    first = {"tenant_id": webhook.tenant_id, "entry_at": entry.at, "kind": entry_type(entry)[:200]}
    Delivery.objects.update_or_create(webhook=webhook, entry_id=entry.pk, defaults=tried, create_defaults=tried | first)
    if is_dead:
        record(Event.DELIVERY_FAILED, object=webhook, entry=entry.pk, tries=attempts, reason=outcome.reason)


def _note_failure(webhook: Webhook, outcome: Outcome) -> bool:
    webhook.note_failure()
    webhook.last_failure = outcome.reason[:300]
    is_ill = outcome.fate is not Result.REFUSED or webhook.failures >= ILL
    if is_ill:
        webhook.rest(RESTS, asked=outcome.retry_after)
    webhook.save(update_fields=[*HEALTH, "last_failure"])
    if outcome.fate is Result.GONE or RESTS.gives_up(since=webhook.failing_since):
        _disable(webhook)
        return False
    return not is_ill


def _disable(webhook: Webhook) -> None:
    """Disable a webhook. Entries from now on stay in the trail and are sent when it is enabled again."""
    assert webhook.failing_since is not None  # noqa: S101  # it has just failed
    webhook.is_active, webhook.disabled_reason = False, webhook.last_failure
    webhook.save(update_fields=["is_active", "disabled_reason"])
    since = webhook.failing_since.isoformat()
    record(Event.WEBHOOK_DISABLED, object=webhook, failing_since=since, reason=webhook.last_failure)
    notify_disabled(webhook)


def oldest_undelivered(webhook: Webhook) -> datetime | None:
    """Return the time of the oldest entry that was not yet sent to this receiver for the first time."""
    return tail.oldest_after(cursor_of(webhook), only=wanted(webhook))


def cursor_of(webhook: Webhook) -> Cursor:
    return Cursor(txid=webhook.position_txid, id=webhook.position_id, floor=webhook.position_floor)


def _move(webhook: Webhook, place: Cursor) -> None:
    webhook.position_txid, webhook.position_id, webhook.position_floor = place.txid, place.id, place.floor
    webhook.save(update_fields=["position_txid", "position_id", "position_floor"])
