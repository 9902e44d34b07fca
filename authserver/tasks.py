"""The Celery tasks of the auth server, each a call of one function."""

from celery import shared_task
from django.conf import settings

from audit.context import acting
from authserver.keys import ring, rotation, stored
from foundation.locks import one_at_a_time


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]
def rotate_signing_keys() -> None:
    """Safe to run twice at once: the second run finds the lock taken and returns."""
    if settings.OIDC_SIGNING_KEYS:
        return
    with one_at_a_time(stored.LOCK) as is_ours, acting(actor=ring.ACTOR):
        if is_ours:
            rotation.rotate(only_due=True)
