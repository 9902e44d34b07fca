"""Whether the trail is sealed and kept as it should be."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.standing import Job, Standing, standing
from config.overview.counting import Counter
from config.overview.panel import Drawing, Mark, Panel, Table

WELL, BADLY = "answers", "silent"


def draw_trail(found: Standing) -> Drawing:
    return Drawing(
        table=Table(
            heads=[_("What is done"), _("How it is"), _("Last run"), _("Waiting since")],
            rows=[
                [_("Sealing"), _word(found.sealing), found.sealing.ran_at, found.sealing.waits_since],
                [_("Removing what is due"), _word(found.retention), found.retention.ran_at, None],
                [_("Months to come"), _months(found), found.retention.ran_at, None],
            ],
        ),
        note=_("An entry is sealed within a minute; manage.py audit verify says whether all are what was sealed."),
    )


def _word(job: Job) -> Mark:
    if job.trouble:
        return Mark(BADLY, job.trouble)
    return Mark(BADLY, _("Late")) if job.is_late(timezone.now()) else Mark(WELL, _("In time"))


def _months(found: Standing) -> Mark:
    if found.lacks_months(timezone.now()):
        return Mark(BADLY, _("Missing"))
    return Mark(WELL, _("Made until"), found.months_until)


PANEL = Panel(
    name="trail",
    title=_("Audit trail"),
    counter=Counter(name="trail", kind=Standing, count=lambda _before: standing()),
    draw=draw_trail,
    empty=_("Nothing is known of the trail yet. The jobs that seal and keep it will be here, with their last runs."),
)
