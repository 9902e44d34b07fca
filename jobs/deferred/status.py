"""The status of deferred tasks, for the overview in the console."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from jobs.models import DeferredTask


@dataclass(frozen=True, kw_only=True)
class DeferredTaskStatus:
    """How many deferred tasks have failed and will be retried, and since when the oldest of them has been waiting."""

    count: int
    since: datetime | None


def failing() -> DeferredTaskStatus:
    """Return the failing tasks. An attempt is counted when it starts, so more than one means at least one failure."""
    found = DeferredTask.objects.waiting().filter(attempts__gt=1).aggregate(count=Count("pk"), since=Min("created_at"))
    return DeferredTaskStatus(**found)
