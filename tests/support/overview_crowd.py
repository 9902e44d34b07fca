"""A month of activity on a site: sign-ins by provider, refusals, current sessions, and people who stay away."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from accounts.models import Session, User
from audit.events import Event
from tests.support.trail import Happened, tell

ON_A_WORKDAY = {"google": 21, "microsoft": 14, "github": 9, "keycloak": 5, "": 1}
REFUSED = {
    "cancelled": 24,
    "state_expired": 17,
    "provider_unreachable": 11,
    "email_of_another_account": 9,
    "local_password_wrong": 6,
    "account_deactivated": 4,
    "signature_wrong": 2,
    "nonce_wrong": 1,
}
LAST_SEEN = {3: 40, 45: 12, 120: 7, 500: 4}  # how many people last signed in so many days ago
NEVER = 5
SIGNED_IN = {"google": 22, "microsoft": 13, "github": 9, "keycloak": 4, "": 1}


def live() -> None:
    """Create the sign-ins, refusals and sessions of the month."""
    now = timezone.now()
    people = [User.objects.create_user(name=f"Person {number}") for number in range(sum(LAST_SEEN.values()) + NEVER)]
    tell([*_sign_ins(now), *_refusals(now), *_last_seen(people, now)])
    expiry, number = now + timedelta(days=14), count()
    Session.objects.bulk_create(
        Session(session_key=f"crowd{next(number)}", user=people[place], expire_date=expiry, provider=provider)
        for provider, many in SIGNED_IN.items()
        for place in range(many)
    )


def _sign_ins(now: datetime) -> Iterator[Happened]:
    """Yield sign-ins: fewer at weekends, slowly growing, and somewhat uneven."""
    for ago in range(30):
        day = now - timedelta(days=ago)
        share = (0.2 if day.weekday() > 4 else 1.0) * (1 - ago / 90) * (0.85 + (ago * 7 % 5) / 12)
        for provider, usual in ON_A_WORKDAY.items():
            for minute in range(round(usual * share)):
                yield Happened(at=day - timedelta(minutes=minute), provider=provider)


def _refusals(now: datetime) -> Iterator[Happened]:
    providers = ("microsoft", "google", "github")
    for reason, many in REFUSED.items():
        for number in range(many):
            at = now - timedelta(hours=3 + 27 * number)
            provider = "" if reason == "local_password_wrong" else providers[number % len(providers)]
            yield Happened(at=at, event=Event.SIGN_IN_REFUSED, provider=provider, reason=reason)


def _last_seen(people: list[User], now: datetime) -> Iterator[Happened]:
    coming = iter(people)
    for days, many in LAST_SEEN.items():
        for _ in range(many):
            yield Happened(at=now - timedelta(days=days), person=next(coming).pk)
