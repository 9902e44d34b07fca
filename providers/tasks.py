"""The providers' jobs, each a call of one function."""

from celery import shared_task

from providers.leaving import running

LEAVING_SECONDS = 60.0  # of one task; the schedule begins the next within seconds


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def revoke_tokens() -> None:
    """Twice at once does no harm: each row is held by one of them, and what is revoked twice is revoked."""
    running.run(seconds=LEAVING_SECONDS)
