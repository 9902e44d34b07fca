"""How long sessions live at most: the site's word. Tenants can shorten it, in the database (``session_limits``)."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from foundation import lifetimes


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetime:
    """``idle``: how long without use. ``whole``: how long in all, however much it is used."""

    idle: timedelta
    whole: timedelta


NOBODYS = Lifetime(idle=lifetimes.VISITOR_IDLE, whole=lifetimes.VISITOR_SESSION)


def longest() -> timedelta:
    """Return how far ahead of now any session may end: an end beyond that was written by a clock that was ahead."""
    return max(settings.SESSION_LIFETIME, settings.REMEMBERED_LIFETIME, NOBODYS.whole)


def lifetime(*, is_signed_in: bool, is_remembered: bool) -> Lifetime:
    if not is_signed_in:
        return NOBODYS
    if is_remembered:
        return Lifetime(idle=settings.REMEMBERED_IDLE, whole=settings.REMEMBERED_LIFETIME)
    return Lifetime(idle=settings.SESSION_IDLE, whole=settings.SESSION_LIFETIME)
