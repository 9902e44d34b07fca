"""The Celery task of the webhooks."""

from celery import shared_task

from webhooks import running

WEBHOOK_SECONDS = 60.0  # of one run; the schedule starts the next one within seconds


@shared_task(soft_time_limit=120, time_limit=150, ignore_result=True)  # type: ignore[untyped-decorator]
def send_webhooks() -> None:
    """Safe to run twice at once: the second run finds the lock taken and returns."""
    running.send_due(seconds=WEBHOOK_SECONDS)
