"""The incidents of a person's apps, as the page of connected apps shows them: from the trail, with their evidence."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.models import Entry, Source
from audit.reading.presentation import personal_of
from authserver import events
from authserver.clients.authentication import find
from foundation.browsers import name_browser

SHOWN = 10
HAPPENED = {
    events.TOKENS_REUSED.value: _(
        "Its access was used twice, as if somebody had a copy. So all of it has ended. To use the app, sign in to it "
        "again."
    ),
    events.TOKENS_REPEATED.value: _(
        "It used the same access in two networks. That is normal if it runs in several places. If not, stop it."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One incident. ``seen`` is who sent the request, and ``before`` who had refreshed before, if that is known."""

    app: str
    happened: str | Promise
    at: datetime
    seen: str
    before: str


def incidents_of(user: User) -> list[Incident]:
    """Return the newest incidents of a person's apps. An erasure or the retention of the trail ends them."""
    entries = Entry.objects.filter(source=Source.EVENT, action__in=list(HAPPENED), person=str(user.pk))
    return [_incident(entry) for entry in entries.order_by("-id")[:SHOWN]]


def _incident(entry: Entry) -> Incident:
    name = (entry.details or {}).get("app", "")
    app, personal = find(name), personal_of(entry)
    last = (personal and personal.after) or {}
    return Incident(
        app=app.name if app else name,
        happened=HAPPENED[entry.action],
        at=entry.at,
        seen=_whereabouts(personal.ip_address, personal.user_agent) if personal else "",
        before=_whereabouts(last.get("last_ip"), last.get("last_program")),
    )


def _whereabouts(ip: str | None, user_agent: str | None) -> str:
    return ", ".join(text for text in (ip or "", _program(user_agent or "")) if text)


def _program(user_agent: str) -> str:
    """Return the name of a browser, or the first word of what a program says of itself, without its version."""
    return name_browser(user_agent) if "Mozilla/" in user_agent else user_agent.partition("/")[0][:40]
