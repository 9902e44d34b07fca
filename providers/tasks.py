"""The providers' Celery tasks. Each calls one function."""

from celery import shared_task

from providers.revalidation import refreshing
from providers.revocation import running

REVOCATION_SECONDS = 60.0  # for one task; the schedule starts the next within seconds


@shared_task(soft_time_limit=120, time_limit=150, ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def send_revocations() -> None:
    """Revoke pending tokens. Concurrent runs are harmless: each row is claimed by one, and revoking twice is no error.

    There is no lock around this, because no database connection is held while a provider is called.
    """
    running.run(seconds=REVOCATION_SECONDS)


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def revalidate_session(session_id: str) -> None:
    """Check a session at its providers. The id is the public one from our pages, so it gives no access."""
    refreshing.revalidate(session_id)
