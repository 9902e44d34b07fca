"""Queries on accounts for the overview. Both read whole tables, so they are too slow for a page."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from audit.events import Event
from foundation.rows import fetch_all, fetch_one

LIVE_SESSIONS = """
    SELECT provider, GROUPING(provider), count(*), count(DISTINCT user_id)
    FROM accounts_session WHERE expire_date > %s AND user_id IS NOT NULL
    GROUP BY GROUPING SETS ((provider), ())
"""
LAST_SIGN_INS = """
    SELECT
        count(*),
        count(*) FILTER (WHERE last <= %s AND last > %s),
        count(*) FILTER (WHERE last <= %s AND last > %s),
        count(*) FILTER (WHERE last <= %s),
        count(*) FILTER (WHERE last IS NULL)
    FROM accounts_user u LEFT JOIN (
        SELECT person, max(at) AS last FROM audit_entry
        WHERE source = 'event' AND action = %s GROUP BY person
    ) s ON s.person = u.id::text
    WHERE u.is_active
"""


@dataclass(frozen=True, kw_only=True)
class LiveSessions:
    """Sessions that have not expired, by the provider that opened them ("" is the local password)."""

    sessions: int
    people: int
    by_provider: dict[str, tuple[int, int]]  # sessions, people


@dataclass(frozen=True, kw_only=True)
class LastSignIns:
    """How long ago the people of active accounts last signed in, as far as the trail goes back."""

    accounts: int
    days_30: int  # up to 90
    days_90: int  # up to 365
    days_365: int
    never: int


def live_sessions() -> LiveSessions:
    rows = fetch_all(LIVE_SESSIONS, [timezone.now()])
    (sessions, people), *_none = [(sessions, people) for _, is_all, sessions, people in rows if is_all]
    return LiveSessions(
        sessions=sessions,
        people=people,
        by_provider={provider: (sessions, people) for provider, is_all, sessions, people in rows if not is_all},
    )


def last_sign_ins() -> LastSignIns:
    now = timezone.now()
    days_30, days_90, days_365 = (now - timedelta(days=days) for days in (30, 90, 365))
    borders = [days_30, days_90, days_90, days_365, days_365]
    row = fetch_one(LAST_SIGN_INS, [*borders, Event.SIGN_IN_SUCCEEDED.value])
    assert row is not None  # noqa: S101  # an aggregate always returns a row
    return LastSignIns(accounts=row[0], days_30=row[1], days_90=row[2], days_365=row[3], never=row[4])
