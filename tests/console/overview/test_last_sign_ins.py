"""The overview's numbers on accounts: who is signed in, and who has not signed in for a long time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Session, User
from audit.events import Event, record
from console.overview.last_sign_ins import LastSignIns, LiveSessions, last_sign_ins, live_sessions
from tests.support.trail import Happened, tell

pytestmark = pytest.mark.django_db


def session(name: str, user: User | None, **columns: Any) -> None:
    expiry = timezone.now() + timedelta(hours=1)
    Session.objects.create(session_key=name, user=user, **{"expire_date": expiry, "provider": "google"} | columns)


def test_sessions_are_counted_with_their_people_by_the_provider_that_opened_them() -> None:
    ada, grace = User.objects.create_user(name="Ada"), User.objects.create_user(name="Grace")
    session("telephone", ada)
    session("desk", ada)
    session("laptop", ada, provider="github")
    session("tablet", grace)
    session("door", grace, provider="")

    assert live_sessions() == LiveSessions(
        sessions=5, people=2, by_provider={"google": (3, 2), "github": (1, 1), "": (1, 1)}
    )


def test_expired_and_anonymous_sessions_are_not_counted() -> None:
    ada = User.objects.create_user(name="Ada")
    session("expired", ada, expire_date=timezone.now() - timedelta(seconds=1))
    session("nobody's", None)

    assert live_sessions() == LiveSessions(sessions=0, people=0, by_provider={})


@pytest.mark.django_db(transaction=True)
def test_accounts_are_grouped_by_their_last_sign_in() -> None:
    now = timezone.now()
    for days in (1, 29, 31, 89, 91, 364, 366):
        person = User.objects.create_user(name=f"{days} days")
        signed_in(person, now - timedelta(days=days))
        signed_in(person, now - timedelta(days=days + 400))  # only the last one counts
    User.objects.create_user(name="never")

    assert last_sign_ins() == LastSignIns(accounts=8, days_30=2, days_90=2, days_365=1, never=1)


@pytest.mark.django_db(transaction=True)
def test_neither_a_refusal_nor_the_sign_in_of_a_stranger_or_a_deleted_account_makes_an_account_recent() -> None:
    now = timezone.now()
    person, gone = User.objects.create_user(name="Ada"), User.objects.create_user(name="Gone")
    tell([Happened(at=now, person=person.pk, event=Event.SIGN_IN_REFUSED), Happened(at=now)])
    signed_in(gone, now)
    gone.delete()

    assert last_sign_ins() == LastSignIns(accounts=1, days_30=0, days_90=0, days_365=0, never=1)


def test_deactivated_accounts_are_not_stale() -> None:
    User.objects.create_user(name="Off", is_active=False)
    record(Event.SIGN_IN_SUCCEEDED, person=User.objects.create_user(name="On"))

    assert last_sign_ins() == LastSignIns(accounts=1, days_30=0, days_90=0, days_365=0, never=0)


def signed_in(person: User, at: datetime) -> None:
    tell([Happened(at=at, person=person.pk)])
