"""The site's limits on the lifetime of sessions. Tenants can shorten them, in the database (``session_limits``)."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from foundation import lifetimes


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetime:
    """``idle`` is the longest time without use, ``whole`` the longest time in all."""

    idle: timedelta
    whole: timedelta


NOBODYS = Lifetime(idle=lifetimes.VISITOR_IDLE, whole=lifetimes.VISITOR_SESSION)


def longest() -> timedelta:
    """Return how far in the future a session may end. A later end was written while the clock was ahead."""
    return max(settings.SESSION_LIFETIME, settings.REMEMBERED_LIFETIME, NOBODYS.whole)


def lifetime(*, is_signed_in: bool, is_remembered: bool) -> Lifetime:
    if not is_signed_in:
        return NOBODYS
    if is_remembered:
        return Lifetime(idle=settings.REMEMBERED_IDLE, whole=settings.REMEMBERED_LIFETIME)
    return Lifetime(idle=settings.SESSION_IDLE, whole=settings.SESSION_LIFETIME)
