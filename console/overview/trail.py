"""The panel on the trail: whether sealing, retention and new partitions are on time."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.status import JobStatus, TrailStatus, trail_status
from console.overview.counting import Counter
from console.overview.panel import Drawing, Mark, OverviewPanel, Table

WELL, BADLY, NOT_YET = "answers", "silent", "unasked"
NEW_FOR = timedelta(hours=1)  # after its migrations, for which a job that has never run is not late


def draw_trail(found: TrailStatus, at: datetime) -> Drawing:
    return Drawing(
        table=Table(
            heads=[_("Job"), _("State"), _("Last run"), _("Waiting since")],
            rows=[
                [_("Sealing"), _status(found.sealing, found, at), found.sealing.ran_at, found.sealing.waits_since],
                [_("Removing what is due"), _status(found.retention, found, at), found.retention.ran_at, None],
                [_("Months to come"), _months(found, at), found.retention.ran_at, None],
            ],
        ),
        note=_("An entry is sealed within a minute. manage.py audit verify checks that no sealed entry was changed."),
    )


def first_run(
    ran_at: datetime | None, migrated_at: datetime | None, at: datetime, *, since: datetime | None = None
) -> Mark | None:
    """Return the mark for a job that has not run yet on a new site, and None for any other job.

    ``since`` is when the oldest item started to wait for the job. A site where one waits for longer is not new.
    """
    if ran_at is not None or migrated_at is None or at - min(migrated_at, since or migrated_at) >= NEW_FOR:
        return None
    return Mark(NOT_YET, _("Not due yet, first run by"), migrated_at + NEW_FOR)


def _status(job: JobStatus, found: TrailStatus, at: datetime) -> Mark:
    if job.detail:
        return Mark(BADLY, job.detail)
    if new := first_run(job.ran_at, found.migrated_at, at, since=job.waits_since):
        return new
    return Mark(BADLY, _("Late")) if job.is_late(at) else Mark(WELL, _("On time"))


def _months(found: TrailStatus, at: datetime) -> Mark:
    if found.lacks_months(at):
        return Mark(BADLY, _("Missing"))
    return Mark(WELL, _("Made until"), found.months_until)


PANEL = OverviewPanel(
    name="trail",
    title=_("Audit trail"),
    counter=Counter(name="trail", kind=TrailStatus, count=lambda _before: trail_status()),
    draw=draw_trail,
    empty=_("Nothing is known of the trail yet. The jobs that seal and keep it will be here, with their last runs."),
)
