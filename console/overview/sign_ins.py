"""The panel on sign-ins by day, counted from the trail. Refusals are counted along with them for other panels."""

from collections import Counter as Sums
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit.events import Event
from audit.tallies import Tally, by_day
from console.overview.charts import Part, Stack, columns
from console.overview.counting import Counter
from console.overview.panel import Drawing, Figure, LegendKey, OverviewPanel, Table
from console.overview.tones import called, in_order, tone_of

DAYS = 30  # today is one of them
SETTLED_AFTER = timedelta(hours=1)  # after midnight: by then, what began the day before has been committed
MONDAY = 0


@dataclass(frozen=True, kw_only=True)
class SignIns:
    """Sign-ins and refusals by day, provider and reason. Days before ``open_from`` no longer change."""

    today: date
    open_from: date
    tallies: list[Tally]

    @property
    def days(self) -> list[date]:
        return [self.today - timedelta(days=days) for days in reversed(range(DAYS))]

    def of(self, event: Event) -> list[Tally]:
        return [tally for tally in self.tallies if tally.event == event]


def count_sign_ins(before: SignIns | None) -> SignIns:
    """Count the days that can still change, and reuse the others: entries never change."""
    now = timezone.now()
    today = _day(now)
    if before and before.today > today:
        before = None  # the clock was ahead, so days counted as settled had not happened yet
    first = today - timedelta(days=DAYS - 1)
    since = max(first, before.open_from) if before else first
    settled = [tally for tally in before.tallies if first <= tally.day < since] if before else []
    still_open = by_day(
        [Event.SIGN_IN_SUCCEEDED, Event.SIGN_IN_REFUSED],
        by=["provider", "reason"],
        since=datetime.combine(since, time.min, timezone.get_default_timezone()),
    )
    return SignIns(today=today, open_from=_day(now - SETTLED_AFTER), tallies=[*settled, *still_open])


def provider_of(tally: Tally) -> str:
    return tally.details[0]


def reason_of(tally: Tally) -> str:
    return tally.details[1]


def draw_sign_ins(counted: SignIns, _at: datetime) -> Drawing | None:
    tallies = counted.of(Event.SIGN_IN_SUCCEEDED)
    if not tallies:
        return None
    providers = in_order({provider_of(tally) for tally in tallies})
    sums: Sums[tuple[date, str]] = Sums()
    for tally in tallies:
        sums[tally.day, provider_of(tally)] += tally.count
    days = [(day, [sums[day, provider] for provider in providers]) for day in counted.days]
    return Drawing(
        figures=[
            Figure(sum(sums.values()), _("in %(days)s days") % {"days": DAYS}),
            Figure(sum(days[-1][1]), _("today")),
        ],
        chart=columns(
            [_stack(day, providers, counts) for day, counts in days],
            title=gettext("Sign-ins by day and provider"),
            description=_in_words(days),
        ),
        legend=[LegendKey(tone_of(provider), called(provider)) for provider in providers],
        table=Table(
            heads=[_("Day"), *map(called, providers), _("Together")],
            rows=[[_whole(day), *counts, sum(counts)] for day, counts in reversed(days)],
        ),
    )


def _stack(day: date, providers: Sequence[str], counts: Sequence[int]) -> Stack:
    parts = zip(providers, counts, strict=True)
    words = [f"{called(provider)} {number_format(count, force_grouping=True)}" for provider, count in parts if count]
    return Stack(
        says=f"{date_format(day, 'DATE_FORMAT')}: {', '.join(words) or gettext('nobody')}",
        parts=[Part(tone=tone_of(provider), value=count) for provider, count in zip(providers, counts, strict=True)],
        name=_short(day) if day.weekday() == MONDAY else "",
    )


def _in_words(days: Sequence[tuple[date, Sequence[int]]]) -> str:
    busiest, most = max(((day, sum(counts)) for day, counts in days), key=lambda day: day[1])
    words = ngettext(
        "From %(first)s to %(last)s. The busiest day was %(busiest)s with %(count)s sign-in.",
        "From %(first)s to %(last)s. The busiest day was %(busiest)s with %(count)s sign-ins.",
        most,
    )
    return words % {
        "first": _whole(days[0][0]),
        "last": _whole(days[-1][0]),
        "busiest": _whole(busiest),
        "count": number_format(most, force_grouping=True),
    }


def _whole(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _short(day: date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")


def _day(moment: datetime) -> date:
    return timezone.localdate(moment, timezone.get_default_timezone())


SIGN_INS = Counter(name="sign_ins", kind=SignIns, count=count_sign_ins)
PANEL = OverviewPanel(
    name="sign_ins",
    title=_("Sign-ins"),
    counter=SIGN_INS,
    draw=draw_sign_ins,
    empty=_("A column for each day, in a colour for each provider, from the first person who signs in."),
)
