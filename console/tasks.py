"""The console's Celery tasks. Each calls one function."""

from celery import shared_task

from console.overview.counting import count_what_is_due
from console.overview.page import counters
from foundation.locks import one_at_a_time


@shared_task(soft_time_limit=540, time_limit=600, ignore_result=True)  # type: ignore[untyped-decorator]
def count_for_overview() -> None:
    """Count what the overview needs. Concurrent runs are harmless: they would write the same numbers."""
    with one_at_a_time("overview") as is_ours:
        if is_ours:
            count_what_is_due(counters())
