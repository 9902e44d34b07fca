"""Tallies of the trail: the right days, also at their limits, and only the requested events."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from audit.events import Event, record
from audit.models import Entry
from audit.tallies import by_day, first_id
from tests.support.servers import Servers
from tests.support.trail import Happened, tell

pytestmark = pytest.mark.django_db(transaction=True)

# Entries that others have left are older. In Berlin, the clocks go forward in this night.
MIDNIGHT = datetime(2040, 3, 25, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
REFUSED = Event.SIGN_IN_REFUSED


def days(since: datetime) -> dict[date, int]:
    return {tally.day: tally.count for tally in by_day([Event.SIGN_IN_SUCCEEDED], by=[], since=since)}


def test_midnight_separates_the_days() -> None:
    tell([Happened(at=MIDNIGHT - INSTANT), Happened(at=MIDNIGHT), Happened(at=MIDNIGHT + INSTANT)])

    assert days(MIDNIGHT - timedelta(days=3)) == {date(2040, 3, 24): 1, date(2040, 3, 25): 2}
    assert days(MIDNIGHT) == {date(2040, 3, 25): 2}


def test_midnight_is_that_of_the_sites_time_zone_also_when_its_clocks_change(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    an_hour = timedelta(hours=1)
    before, at, spring, summer = (
        MIDNIGHT - an_hour - INSTANT,  # 24 March, 23:59:59.999999 in winter time
        MIDNIGHT - an_hour,
        MIDNIGHT + 22 * an_hour - INSTANT,  # the day has 23 hours
        MIDNIGHT + 22 * an_hour,
    )
    tell([Happened(at=moment) for moment in (before, at, spring, summer)])

    assert days(MIDNIGHT - timedelta(days=3)) == {date(2040, 3, 24): 1, date(2040, 3, 25): 2, date(2040, 3, 26): 1}


def test_details_separate_the_tallies_and_a_missing_one_is_empty() -> None:
    tell(
        [
            Happened(at=MIDNIGHT, event=REFUSED, provider="google", reason="cancelled"),
            Happened(at=MIDNIGHT + INSTANT, event=REFUSED, provider="google", reason="cancelled"),
            Happened(at=MIDNIGHT, event=REFUSED, provider="github", reason="cancelled"),
            Happened(at=MIDNIGHT, event=Event.SIGN_IN_SUCCEEDED, provider="github"),
        ]
    )
    tallies = by_day([REFUSED, Event.SIGN_IN_SUCCEEDED], by=["provider", "reason"], since=MIDNIGHT)

    assert {(tally.event, tally.details): (tally.count, tally.latest) for tally in tallies} == {
        (REFUSED, ("google", "cancelled")): (2, MIDNIGHT + INSTANT),
        (REFUSED, ("github", "cancelled")): (1, MIDNIGHT),
        (Event.SIGN_IN_SUCCEEDED, ("github", "")): (1, MIDNIGHT),
    }


def test_other_events_and_changes_are_not_counted() -> None:
    record(Event.SIGN_OUT_SUCCEEDED)
    Group.objects.create(name="sign_in.succeeded")

    assert days(timezone.now() - timedelta(days=1)) == {}


@pytest.fixture
def a_day_with_gaps() -> None:
    """Record a day whose ids have gaps, because of transactions that were rolled back."""
    for hour in range(0, 24, 3):
        with transaction.atomic():
            record(Event.SIGN_OUT_SUCCEEDED)
            transaction.set_rollback(True)
        tell([Happened(at=MIDNIGHT + timedelta(hours=hour))])


@pytest.mark.usefixtures("a_day_with_gaps")
@pytest.mark.parametrize("hours", [-1, 0, 1, 6, 20, 21, 22, 24])
def test_the_first_id_of_a_time_is_found_by_binary_search(hours: int) -> None:
    since = MIDNIGHT + timedelta(hours=hours)

    assert list(Entry.objects.filter(id__gte=first_id(since))) == list(Entry.objects.filter(at__gte=since))
    assert not Entry.objects.filter(id__gte=first_id(since), at__lt=since).exists()


def test_a_clock_that_went_ahead_for_a_while_hides_nothing() -> None:
    since = timezone.now()
    tell([Happened(at=MIDNIGHT)])
    record(Event.SIGN_IN_SUCCEEDED)
    tell([Happened(at=MIDNIGHT + INSTANT)])

    assert sum(days(since).values()) == 3


def test_an_empty_trail_has_no_tallies(servers: Servers) -> None:
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("TRUNCATE audit_entry")

    assert first_id(MIDNIGHT) == 0
    assert days(MIDNIGHT) == {}
