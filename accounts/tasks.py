"""The Celery tasks of the accounts, each a call of one function.

A run stops by itself within its time budget. The limits are for a run that hangs: at the soft limit an exception ends
it, at the hard limit its process is killed and its message is lost. The next scheduled run picks up what was left.
"""

from collections.abc import Iterable
from uuid import UUID

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from accounts import cut_off
from accounts.bulk.running import LEASE, RETRIES, carry_out, stop
from accounts.mailing import mail
from accounts.models import BulkAction, BulkState
from accounts.models.bulk_action import AT_WORK
from accounts.organizations import domains
from accounts.sign_in import email_change
from accounts.sign_in.local import registration
from foundation.clocks import LEEWAY
from foundation.locks import one_at_a_time
from jobs import key_rotation
from tenancy import site_context

DEFERRED_TASKS = (email_change, mail, registration)  # imported, so that a worker has registered them

ROTATION_SECONDS = 120.0  # of each run; the next one starts over, where little is left to do
DOMAIN_SECONDS = 45.0  # of each run; the schedule starts the next within a minute
BULK_SECONDS = 300.0  # of each task, which then queues itself again


@shared_task(soft_time_limit=180, time_limit=240, ignore_result=True)  # type: ignore[untyped-decorator]
def rotate_encryption_keys() -> None:
    """Concurrent runs do no harm: each ciphertext replaces only the one that was read."""
    with one_at_a_time("key-rotation") as is_ours:
        if is_ours:
            key_rotation.rotate(seconds=ROTATION_SECONDS)


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]
def confirm_cut_offs() -> None:
    """Concurrent runs do no harm: the second one does nothing, and each cut-off's row is locked while it is checked."""
    with one_at_a_time("cut-offs") as is_ours:
        if is_ours:
            cut_off.confirm_due()


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]
def check_domains() -> None:
    """Concurrent runs do no harm: each takes other domains, and what a check has found is written once.

    There is no lock around this, because no database connection is held while the DNS is asked.
    """
    domains.check_due(seconds=DOMAIN_SECONDS)


@shared_task(soft_time_limit=420, time_limit=480, ignore_result=True)  # type: ignore[untyped-decorator]
def bulk(action_id: str, starter_id: str) -> None:
    """Concurrent runs do no harm: whichever locks the row first does the slice."""
    if not carry_out(UUID(action_id), UUID(starter_id), seconds=BULK_SECONDS):
        bulk.delay(action_id, starter_id)


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]
def resume_bulk_actions() -> None:
    """Resume the actions without a worker: it was killed, or the broker lost the message.

    Actions that made no progress for a day are given up: drafts and previews are deleted, the others stopped.
    """
    with one_at_a_time("bulk") as is_ours:
        if not is_ours:
            return
        with site_context("bulk actions that were left are found again"):
            found = list(abandoned())
            _give_up()
        for action_id, starter_id in found:
            bulk.delay(str(action_id), str(starter_id))


def _give_up() -> None:
    actions, is_old = BulkAction.objects.defer("targets"), RETRIES.too_old("moved_at")
    is_ahead = Q(moved_at__gt=timezone.now() + LEEWAY)  # written while the clock was ahead: the real time is unknown
    actions.filter(is_old | is_ahead, state__in=(BulkState.DRAFT, BulkState.PREVIEWED)).delete()
    for action in actions.filter(is_old, state__in=AT_WORK).select_for_update():
        stop(action, "failed")


def abandoned() -> Iterable[tuple[UUID, UUID]]:
    left = BulkAction.objects.filter(LEASE.free(), ~RETRIES.too_old("moved_at"), state__in=AT_WORK)
    ids: Iterable[tuple[UUID, UUID]] = left.order_by("moved_at").values_list("pk", "user_id")
    return ids
