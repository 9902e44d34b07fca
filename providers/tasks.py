"""The providers' jobs, each a call of one function."""

from celery import shared_task

from providers.revalidation import refreshing
from providers.revocation import running

REVOCATION_SECONDS = 60.0  # of one task; the schedule begins the next within seconds


@shared_task(soft_time_limit=120, time_limit=150, ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def send_revocations() -> None:
    """Twice at once does no harm: each row is held by one of them, and what is revoked twice is revoked.

    There is no lock around it, for no connection to the database is held while a provider is asked.
    """
    running.run(seconds=REVOCATION_SECONDS)


@shared_task(soft_time_limit=60, time_limit=90, ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def revalidate_session(session_id: str) -> None:
    """The id is the one that pages show: it opens nothing. Of two at once one asks."""
    refreshing.revalidate(session_id)
