"""The panel on refusals: why people were refused, according to the trail."""

from collections import Counter as Sums
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.events import Event
from console.overview.charts import Bar, bars
from console.overview.panel import Drawing, Figure, OverviewPanel, Table
from console.overview.sign_ins import DAYS, SIGN_INS, SignIns, reason_of
from console.overview.tones import REFUSED

SHOWN = 6  # reasons with a bar; the table has all


def draw_refusals(counted: SignIns, _at: datetime) -> Drawing | None:
    tallies = counted.of(Event.SIGN_IN_REFUSED)
    if not tallies:
        return None
    sums: Sums[str] = Sums()
    for tally in tallies:
        sums[in_words(reason_of(tally))] += tally.count
    latest = {in_words(reason_of(tally)): tally.latest for tally in sorted(tallies, key=lambda tally: tally.latest)}
    ranked = sums.most_common()
    rows = [Bar(name=reason, value=count, tone=REFUSED) for reason, count in ranked[:SHOWN]]
    if others := sum(count for _reason, count in ranked[SHOWN:]):
        rows.append(Bar(name=gettext("All other reasons"), value=others, tone=REFUSED))
    return Drawing(
        figures=[Figure(sum(sums.values()), _("in %(days)s days") % {"days": DAYS})],
        chart=bars(
            rows,
            title=gettext("Refused sign-ins by reason"),
            description=gettext("The most frequent reason is: %(reason)s.") % {"reason": ranked[0][0]},
        ),
        table=Table(
            heads=[_("Reason"), _("Refused"), _("Last")],
            rows=[[reason, count, latest[reason]] for reason, count in ranked],
        ),
    )


def in_words(reason: str) -> str:
    """Return a reason in the words of the trail, so that it can be found there."""
    return reason.replace("_", " ").capitalize() or gettext("None given")


PANEL = OverviewPanel(
    name="refusals",
    title=_("Refusals"),
    counter=SIGN_INS,
    draw=draw_refusals,
    empty=_("Nobody was refused in the last 30 days. When somebody is, the reasons are counted here."),
)
