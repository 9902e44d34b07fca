"""The accounts' jobs, each a call of one function."""

from celery import shared_task
from django.db import DatabaseError
from redis.exceptions import RedisError

from accounts import address, local
from accounts.mail import Asked, deliver
from accounts.purging import purge_invitations, purge_links, purge_sessions

__all__ = ["deliver"]  # Celery looks for jobs in this module only

ANSWERING = {
    "ignore_result": True,
    "autoretry_for": (DatabaseError, RedisError),
    "retry_backoff": 5,  # seconds before the first of the tries, each later one twice as long
    "max_retries": 6,
}
PURGE_SECONDS = 60.0  # of one scheduled run, for each kind; the next goes on from there


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def purge() -> None:
    """Twice at once does no harm: the second finds the lock taken, or nothing left."""
    purge_sessions(seconds=PURGE_SECONDS)
    purge_links(seconds=PURGE_SECONDS)
    purge_invitations(seconds=PURGE_SECONDS)


# The three below look somebody up, and so must not be in a request. Run twice they mail once: by ``mail_id``.


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def tell_new_address(*, token: str, asked: Asked, mail_id: str) -> None:
    address.tell_new_address(token=token, asked=asked, mail_id=mail_id)


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def answer_registration(*, address: str, asked: Asked, mail_id: str) -> None:
    local.answer_registration(address=address, asked=asked, mail_id=mail_id)


@shared_task(**ANSWERING)  # type: ignore[untyped-decorator]
def answer_forgotten_password(*, address: str, asked: Asked, mail_id: str) -> None:
    local.answer_forgotten_password(address=address, asked=asked, mail_id=mail_id)
