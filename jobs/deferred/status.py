"""How it stands with errands, for those who run the site."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from jobs.models import Errand


@dataclass(frozen=True, kw_only=True)
class DeferredTaskStatus:
    """How many errands were tried in vain and are tried again, and since when the oldest of them waits."""

    count: int
    since: datetime | None


def failing() -> DeferredTaskStatus:
    """The first try counts before it is over: one errand more than once tried has failed at least once."""
    found = Errand.objects.waiting().filter(attempts__gt=1).aggregate(count=Count("pk"), since=Min("created_at"))
    return DeferredTaskStatus(**found)
