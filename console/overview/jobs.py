"""The panel on jobs: whether they start in time, the length of the queue, and deferred tasks that have failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.migrated_at import migrated_at
from audit.models import JobRun
from console.overview.counting import Counter
from console.overview.panel import Drawing, Mark, OverviewPanel, Table
from console.overview.trail import BADLY, WELL, first_run
from foundation.clocks import is_older
from jobs.beat import PREFIX
from jobs.deferred.status import DeferredTaskStatus, failing
from jobs.queue import Queue, queue

MISSED = 3  # intervals after which a job is late
SLACK = timedelta(minutes=1)
DEFERRED_TASKS = "deferred-tasks"
NAMES = {
    "purge": _("Removing what has expired"),
    "key-rotation": _("Encrypting with the newest key"),
    "cut-offs": _("Confirming cut-offs"),
    "domains": _("Checking the records of domains"),
    "overview": _("Counting for this page"),
    "webhooks": _("Sending to webhooks"),
    "revocation": _("Revoking tokens at providers"),
    DEFERRED_TASKS: _("Retrying what was left undone"),
    "sealing": _("Sealing the trail"),
    "retention": _("Removing from the trail what is due"),
    "bulk": _("Going on with bulk actions"),
}


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """When each scheduled job was last sent, the queue, and the deferred tasks that have failed.

    ``migrated_at`` is since when jobs that were never sent could have been sent.
    """

    sent_at: dict[str, datetime]
    queue: Queue
    failing: DeferredTaskStatus
    migrated_at: datetime | None


def count_jobs() -> Jobs:
    """Return the state of the jobs. Raises RedisError."""
    runs = JobRun.objects.filter(name__startswith=PREFIX).values_list("name", "ran_at")
    sent_at = {name.removeprefix(PREFIX): ran_at for name, ran_at in runs}
    return Jobs(sent_at=sent_at, queue=queue(), failing=failing(), migrated_at=migrated_at())


def draw_jobs(found: Jobs, at: datetime) -> Drawing:
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    rows = [
        [NAMES.get(name, name), _how(found, name, timedelta(seconds=job["schedule"]), at), found.sent_at.get(name)]
        for name, job in schedule.items()
    ]
    return Drawing(
        table=Table(heads=[_("Job"), _("State"), _("Last begun")], rows=rows),
        note=_("%(waiting)s waiting for a worker, %(in_hand)s in progress.")
        % {"waiting": found.queue.waiting, "in_hand": found.queue.in_hand},
    )


def _how(found: Jobs, name: str, every: timedelta, at: datetime) -> Mark:
    if name == DEFERRED_TASKS and found.failing.count:
        words = ngettext(
            "%(count)s mail or answer was tried in vain, since",
            "%(count)s mails or answers were tried in vain, since",
            found.failing.count,
        )
        return Mark(BADLY, words % {"count": found.failing.count}, found.failing.since)
    sent_at = found.sent_at.get(name)
    if new := first_run(sent_at, found.migrated_at, at):
        return new
    is_late = sent_at is None or is_older(sent_at, MISSED * every + SLACK, now=at)
    return Mark(BADLY, _("Late")) if is_late else Mark(WELL, _("On time"))


PANEL = OverviewPanel(
    name="jobs",
    title=_("Jobs"),
    counter=Counter(name="jobs", kind=Jobs, count=lambda _before: count_jobs()),
    draw=draw_jobs,
    empty=_("Nothing is known of the jobs yet. Each one of the schedule will be here, with its last run."),
)
