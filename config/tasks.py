"""The house's own jobs, each a call of one function."""

from celery import shared_task

from config.overview.counting import count_what_is_due
from config.overview.page import counters


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # a library without types
def count_for_overview() -> None:
    """Twice at once does no harm: the same is counted, and written to the same place."""
    count_what_is_due(counters())
