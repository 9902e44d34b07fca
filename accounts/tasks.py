"""The accounts' jobs, each a call of one function."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import address, cut_off, purging, rewrapping
from accounts.bulk.running import carry_out, stop
from accounts.local import registration
from accounts.mailing.mail import Asked, deliver
from accounts.models import BulkAction, BulkState
from accounts.models.bulk_action import AT_WORK
from accounts.tenancy import site_context
from accounts.webhooks import running

__all__ = ["deliver"]  # Celery looks for jobs in this module only

ANSWERING = {
    "ignore_result": True,
    "autoretry_for": (DatabaseError, RedisError),
    "retry_backoff": 5,  # seconds before the first of the tries, each later one twice as long
    "max_retries": 6,
}
PURGE_SECONDS = 180.0  # of one scheduled run, shared by all tables; the next goes on from there
REWRAP_SECONDS = 120.0  # of one run; the next begins at the beginning, where little is left to do
BULK_SECONDS = 300.0  # of one task, which then puts itself at the end of the queue
WEBHOOK_SECONDS = 60.0  # of one task; the schedule begins the next within seconds
LEFT_ALONE = timedelta(minutes=1)  # without progress: its worker or its message is lost
GIVEN_UP = timedelta(days=1)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def purge() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
    purging.purge(seconds=PURGE_SECONDS)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def rewrap_secrets() -> None:
    """Twice at once does no harm: each text is written upon the one that was read."""
    rewrapping.rewrap(seconds=REWRAP_SECONDS)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def confirm_cut_offs() -> None:
    """Twice at once does no harm: each one's row is locked while it is looked at."""
    cut_off.confirm_due()


# The three below look somebody up, and so must not be in a request. Run twice they mail once: by ``mail_id``.


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def tell_new_address(*, token: str, asked: Asked, mail_id: str) -> None:
    address.tell_new_address(token=token, asked=asked, mail_id=mail_id)


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def answer_registration(*, address: str, asked: Asked, mail_id: str) -> None:
    registration.answer_registration(address=address, asked=asked, mail_id=mail_id)


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def answer_forgotten_password(*, address: str, asked: Asked, mail_id: str) -> None:
    registration.answer_forgotten_password(address=address, asked=asked, mail_id=mail_id)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def send_webhooks() -> None:
    """Twice at once does no harm: the second leaves it to the first."""
    running.send_due(seconds=WEBHOOK_SECONDS)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def bulk(action_id: str, starter_id: str) -> None:
    """Twice at once does no harm: each slice is done by whoever locks the row first."""
    if not carry_out(UUID(action_id), UUID(starter_id), seconds=BULK_SECONDS):
        bulk.delay(action_id, starter_id)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def find_bulk_actions_again() -> None:
    """Go on with those that nobody works on: the worker was killed, or the broker had lost the message.

    What was never confirmed, or has moved for a day in no worker's hands, is given up.
    """
    with site_context("bulk actions that were left are found again"):
        found = list(left_alone())
        _give_up()
    for action_id, starter_id in found:
        bulk.delay(str(action_id), str(starter_id))


def _give_up() -> None:
    old = BulkAction.objects.filter(moved_at__lt=timezone.now() - GIVEN_UP).defer("targets")
    old.filter(state__in=(BulkState.DRAFT, BulkState.PREVIEWED)).delete()
    for action in old.filter(state__in=AT_WORK).select_for_update():
        stop(action, "failed")


def left_alone() -> Iterable[tuple[UUID, UUID]]:
    now = timezone.now()
    left = BulkAction.objects.filter(state__in=AT_WORK, moved_at__lt=now - LEFT_ALONE, moved_at__gt=now - GIVEN_UP)
    ids: Iterable[tuple[UUID, UUID]] = left.order_by("moved_at").values_list("pk", "user_id")
    return ids
