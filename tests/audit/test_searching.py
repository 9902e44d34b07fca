"""Searching entries page by page: whether more follow, and what ends a search early."""

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


def test_a_full_page_has_more_and_the_last_one_does_not() -> None:
    entries = happened(5)

    first = find(Entry.objects.all(), OF_PAYROLL, beyond=None, count=3)
    assert first == SearchResult(entries=entries[:3], has_more=True)
    last = find(Entry.objects.all(), OF_PAYROLL, beyond=entries[2].pk, count=3)
    assert last == SearchResult(entries=entries[3:])


def test_beyond_an_impossible_id_there_is_nothing() -> None:
    """For example, a number in a link that is larger than the column can store."""
    happened(1)

    assert find(Entry.objects.all(), OF_PAYROLL, beyond=10**30, ascending=True, count=3) == SearchResult(entries=[])


def test_a_slow_search_is_cancelled_and_other_errors_are_not_taken_for_slowness(servers: Servers) -> None:
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
