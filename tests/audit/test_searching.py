"""Finding entries a page at a time: what a page says of those beyond it, and what ends a search early."""

import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.models import Q

from audit.context import Actor, ActorKind
from audit.events import Event, record
from audit.models import Entry, Source
from audit.reading.search import Condition, Question, SearchResult, SearchTooSlow, find, time_limit
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db

OF_PAYROLL = Question(conditions=[Condition(where=Q(actor_id="payroll")), Condition(where=Q(source=Source.EVENT))])


def happened(many: int) -> list[Entry]:
    for _each in range(many):
        record(Event.FACTOR_ADDED, actor=Actor(ActorKind.SERVICE, "payroll"))
        record(Event.FACTOR_ADDED, actor=Actor(ActorKind.SERVICE, "another"))
    return list(Entry.objects.filter(actor_id="payroll").order_by("-id"))


def test_a_full_page_says_that_more_follow_and_the_last_one_that_none_do() -> None:
    entries = happened(5)

    first = find(Entry.objects.all(), OF_PAYROLL, beyond=None, count=3)
    assert first == SearchResult(entries=entries[:3], has_more=True)
    last = find(Entry.objects.all(), OF_PAYROLL, beyond=entries[2].pk, count=3)
    assert last == SearchResult(entries=entries[3:])


def test_beyond_a_place_that_no_id_can_have_there_is_nothing() -> None:
    """Kind: a number in a link that is larger than any that the column holds."""
    happened(1)

    assert find(Entry.objects.all(), OF_PAYROLL, beyond=10**30, ascending=True, count=3) == SearchResult(entries=[])


def test_what_takes_too_long_is_given_up_and_what_fails_otherwise_is_no_matter_of_time(servers: Servers) -> None:
    with pytest.raises(SearchTooSlow), time_limit("20ms"):
        _execute("SELECT pg_sleep(5)")

    with psycopg.connect(servers.runtime_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(70)")
        with pytest.raises(OperationalError, match="lock timeout"), time_limit():
            _execute("SET LOCAL lock_timeout = '10ms'; SELECT pg_advisory_xact_lock(70)")
    assert happened(1), "the transaction goes on"


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
