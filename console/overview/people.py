"""The panels on people: who is signed in now, and who has not signed in for a long time."""

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from console.overview.charts import Bar, bars
from console.overview.counting import Counter
from console.overview.last_sign_ins import LastSignIns, LiveSessions, last_sign_ins, live_sessions
from console.overview.panel import Drawing, Figure, OverviewPanel, Table
from console.overview.tones import ONLY, QUIET, called, in_order, tone_of


def draw_sessions(counted: LiveSessions, _at: datetime) -> Drawing | None:
    if not counted.sessions:
        return None
    rows = [(provider, *counted.by_provider[provider]) for provider in in_order(set(counted.by_provider))]
    return Drawing(
        figures=[Figure(counted.sessions, _("sessions")), Figure(counted.people, _("people"))],
        chart=bars(
            [Bar(name=called(provider), value=count, tone=tone_of(provider)) for provider, count, _people in rows],
            title=gettext("Active sessions by provider"),
            description=gettext("Sessions that have not expired, by the sign-in method that opened them."),
        ),
        table=Table(
            heads=[_("Opened with"), _("Sessions"), _("People")],
            rows=[[called(provider), sessions, people] for provider, sessions, people in rows],
        ),
        note=_("A person with several devices has several sessions, and may use several sign-in methods."),
    )


def draw_stale(counted: LastSignIns, _at: datetime) -> Drawing | None:
    if not counted.accounts:
        return None
    rows = [
        (gettext("30 to 90 days ago"), counted.days_30, ONLY),
        (gettext("90 days to a year ago"), counted.days_90, ONLY),
        (gettext("More than a year ago"), counted.days_365, ONLY),
        (gettext("Never"), counted.never, QUIET),
    ]
    stale = sum(count for _name, count, _tone in rows)
    return Drawing(
        figures=[Figure(stale, _("stale")), Figure(counted.accounts, _("active accounts"))],
        chart=bars(
            [Bar(name=name, value=count, tone=tone) for name, count, tone in rows],
            title=gettext("Stale accounts by their last sign-in"),
            description=gettext(
                "Accounts that are switched on and that nobody has signed in to for 30 days, by their last sign-in."
            ),
        ),
        table=Table(
            heads=[_("Last sign-in"), _("Accounts")],
            rows=[[name, count] for name, count, _tone in rows],
        ),
        note=_("By their last sign-in, as far back as the trail goes."),
    )


SESSIONS = OverviewPanel(
    name="sessions",
    title=_("Active sessions"),
    counter=Counter(name="sessions", kind=LiveSessions, count=lambda _before: live_sessions()),
    draw=draw_sessions,
    empty=_("Nobody is signed in. Each browser that is will be counted here, by the sign-in method that it used."),
)
STALE = OverviewPanel(
    name="stale_accounts",
    title=_("Stale accounts"),
    counter=Counter(name="last_sign_ins", kind=LastSignIns, count=lambda _before: last_sign_ins()),
    draw=draw_stale,
    empty=_("There is no active account yet. Accounts that nobody signs in to any more will be counted here."),
)
