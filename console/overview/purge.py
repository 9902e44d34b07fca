"""The panel on the purge: whether expired rows are removed in time."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from console.overview.counting import Counter
from console.overview.panel import Drawing, Mark, OverviewPanel, Table
from console.overview.trail import BADLY, WELL, first_run
from jobs.purging.registry import purgeables
from jobs.purging.status import PurgeStatus, Waiting, purge_status


def draw_purge(found: PurgeStatus, at: datetime) -> Drawing:
    names = {one.table: one.model_class._meta.verbose_name_plural for one in purgeables()}
    return Drawing(
        table=Table(
            heads=[_("What expires"), _("State"), _("Waiting"), _("Waiting since")],
            rows=[
                [names.get(one.table, one.table), _how(found, one, at), one.count, one.since] for one in found.waiting
            ],
        ),
        note=_("It is removed every hour, and by manage.py purge."),
    )


def _how(found: PurgeStatus, one: Waiting, at: datetime) -> Mark:
    if new := first_run(found.ran_at, found.migrated_at, at, since=one.since):
        return new
    if found.is_late(at):
        return Mark(BADLY, _("Late"), found.ran_at)
    if one.table in found.left:
        return Mark(BADLY, _("More than one run can do"), found.ran_at)
    return Mark(WELL, _("Removed at the last run"), found.ran_at)


PANEL = OverviewPanel(
    name="purge",
    title=_("Purge"),
    counter=Counter(name="purge", kind=PurgeStatus, count=lambda _before: purge_status()),
    draw=draw_purge,
    empty=_("Nothing is known of the purge yet. What has expired, and since when it waits, will be here."),
)
