"""The Celery tasks of the auth server, each a call of one function."""

from celery import shared_task
from django.conf import settings

from audit.context import acting
from authserver.keys import ring, rotation, stored
from authserver.logout import notices
from foundation.locks import one_at_a_time

LOGOUT_SECONDS = 60.0  # of one run; the schedule starts the next within seconds


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]
def rotate_signing_keys() -> None:
    """Safe to run twice at once: the second run finds the lock taken and returns."""
    if settings.OIDC_SIGNING_KEYS:
        return
    with one_at_a_time(stored.LOCK) as is_ours, acting(actor=ring.ACTOR):
        if is_ours:
            rotation.rotate(only_due=True)


@shared_task(soft_time_limit=120, time_limit=150, ignore_result=True)  # type: ignore[untyped-decorator]
def send_logout_notices() -> None:
    """Safe to run twice at once: the second run finds the lock taken and returns."""
    notices.send_due(seconds=LOGOUT_SECONDS)
