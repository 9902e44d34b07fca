"""How it stands with deferred tasks, for those who run the site."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from jobs.models import DeferredTask


@dataclass(frozen=True, kw_only=True)
class DeferredTaskStatus:
    """How many deferred tasks were tried in vain and are tried again, and since when the oldest of them waits."""

    count: int
    since: datetime | None


def failing() -> DeferredTaskStatus:
    """The first try counts before it is over: one deferred task more than once tried has failed at least once."""
    found = DeferredTask.objects.waiting().filter(attempts__gt=1).aggregate(count=Count("pk"), since=Min("created_at"))
    return DeferredTaskStatus(**found)
