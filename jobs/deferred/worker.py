"""Doing errands: each once, by whoever comes first, tried again for a day.

Whoever is at one holds a lock of the connection, not a transaction: a mail server may be slow. Each try is counted
before it begins, with a pause until the next, so that one that kills its worker is not tried at every turn.
"""

import json
import logging
import time
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone
from redis.exceptions import RedisError

from audit.events import Event, record
from foundation.clocks import come
from foundation.encryption import DecryptionFailed, decrypt
from foundation.locks import one_at_a_time
from jobs.celery_context import as_told
from jobs.deferred.registry import TryLater, kind_named
from jobs.models import Errand

logger = logging.getLogger(__name__)

PURPOSE = "errand"
FIRST_PAUSE, LONGEST_PAUSE = 15, 600  # seconds
LONGEST_WAIT = timedelta(seconds=LONGEST_PAUSE)
GIVEN_UP = timedelta(days=1)
BATCH = 500  # errands of one run of the schedule
FAILURES = 3  # in a run, that leave the rest to the next: the mail server may be away


@shared_task(ignore_result=True, soft_time_limit=120, time_limit=150)  # type: ignore[untyped-decorator]  # no types
def do_errand(errand_id: str) -> None:
    """Twice at once does no harm: the second finds it under way, or done."""
    do(UUID(errand_id))


def do(errand_id: UUID) -> bool:
    """Do an errand, unless it is over or somebody is at it; return whether there was no trouble."""
    with one_at_a_time(f"errand {errand_id}") as is_ours:
        errand = Errand.objects.waiting().filter(pk=errand_id).first() if is_ours else None
        if errand is None:
            return True
        if timezone.now() - errand.created_at > GIVEN_UP:
            _give_up(errand)
            return True
        _count_try(errand)
        try:
            _do(errand)
        except (TryLater, DecryptionFailed, DatabaseError, RedisError) as failed:
            why = str(failed) if isinstance(failed, TryLater) else type(failed).__name__
            logger.warning("an errand is tried again later: %s %s: %s", errand.kind, errand.pk, why)
            return False
        return True


def do_due(*, seconds: float) -> None:
    """Do what nobody did: its message was lost, or its worker, or it could not be done before."""
    with one_at_a_time("errands") as is_ours:
        if not is_ours:
            return
        deadline, failures = time.monotonic() + seconds, 0
        due = Errand.objects.waiting().filter(come("next_try_at", longest=LONGEST_WAIT)).order_by("next_try_at")
        for errand_id in list(due.values_list("pk", flat=True)[:BATCH]):
            failures += not do(errand_id)
            if failures >= FAILURES or time.monotonic() >= deadline:
                return


def _do(errand: Errand) -> None:
    kind = kind_named(errand.kind)
    content = json.loads(decrypt(errand.content, owner=errand.pk, purpose=PURPOSE))
    with ExitStack() as stack:
        stack.enter_context(as_told(content["told"], job=f"errand: {kind.name}"))
        if kind.is_one_transaction:
            stack.enter_context(transaction.atomic())
        kind.work(**content["arguments"])
        _end(errand)


def _count_try(errand: Errand) -> None:
    pause = timedelta(seconds=min(FIRST_PAUSE * 2 ** min(errand.tries, 20), LONGEST_PAUSE))
    now = timezone.now()
    left_at = Least(F("created_at"), now)  # it is given up a day after it was left, whatever the clock said then
    Errand.objects.filter(pk=errand.pk).update(tries=F("tries") + 1, next_try_at=now + pause, created_at=left_at)


def _end(errand: Errand) -> None:
    Errand.objects.filter(pk=errand.pk).update(next_try_at=None, content="")


def _give_up(errand: Errand) -> None:
    with transaction.atomic():
        _end(errand)
        record(Event.DEFERRED_TASK_FAILED, object=errand, kind=errand.kind, tries=errand.tries)
    logger.error("an errand was given up: %s %s", errand.kind, errand.pk)
