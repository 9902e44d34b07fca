"""The webhooks' task, a call of one function."""

from celery import shared_task

from webhooks import running

WEBHOOK_SECONDS = 60.0  # of one task; the schedule begins the next within seconds


@shared_task(soft_time_limit=120, time_limit=150, ignore_result=True)  # type: ignore[untyped-decorator]
def send_webhooks() -> None:
    """Twice at once does no harm: the second leaves it to the first."""
    running.send_due(seconds=WEBHOOK_SECONDS)
