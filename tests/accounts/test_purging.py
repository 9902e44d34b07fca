"""The purge: what has expired goes, what lives stays, and two runs do what one does."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import MailedLink, Purpose, Session
from accounts.purging import LOCK, SLICE, purge_links, purge_sessions
from accounts.tasks import purge
from audit.models import Entry
from tests.servers import Servers

pytestmark = pytest.mark.django_db


def sessions(count: int, *, hours: int, name: str) -> None:
    expiry = timezone.now() + timedelta(hours=hours)
    Session.objects.bulk_create(Session(session_key=f"{name}{number}", expire_date=expiry) for number in range(count))


@pytest.mark.promise(77)
def test_only_expired_sessions_go_and_one_entry_tells_of_it() -> None:
    sessions(SLICE + 5, hours=-1, name="old")
    sessions(3, hours=1, name="live")

    purged = purge_sessions()

    assert (purged.count, purged.finished) == (SLICE + 5, True)
    assert Session.objects.count() == 3
    assert [entry.details for entry in Entry.objects.filter(action="session.purged")] == [
        {"count": SLICE + 5, "finished": True}
    ]


@pytest.mark.promise(77)
def test_expired_links_go_used_or_not() -> None:
    now = timezone.now()
    for name, hours, used_at in (("a", -1, None), ("b", -1, now), ("c", 1, None), ("d", 1, now)):
        expires_at = now + timedelta(hours=hours)
        MailedLink.objects.create(digest=name, purpose=Purpose.REGISTRATION, expires_at=expires_at, used_at=used_at)

    purge()
    assert set(MailedLink.objects.values_list("digest", flat=True)) == {"c", "d"}
    assert [entry.details for entry in Entry.objects.filter(action="link.purged")] == [{"count": 2, "finished": True}]
    assert purge_links().count == 0


@pytest.mark.promise(77)
def test_a_run_with_nothing_to_do_says_nothing() -> None:
    purge()

    assert not Entry.objects.filter(action__endswith=".purged").exists()


def test_a_budget_of_no_time_leaves_the_rest_for_the_next_run() -> None:
    sessions(2, hours=-1, name="old")

    assert not purge_sessions(seconds=0).finished
    assert purge_sessions(seconds=10).finished
    assert not Session.objects.exists()


@pytest.mark.promise(77)
@pytest.mark.django_db(transaction=True)
def test_a_scheduled_run_leaves_at_once_while_another_is_under_way_and_the_command_waits(servers: Servers) -> None:
    sessions(2, hours=-1, name="old")
    with psycopg.connect(servers.runtime_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        assert not purge_sessions(seconds=10).finished
        waiting = threading.Thread(target=in_thread)
        waiting.start()
        while not other.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone():
            pass
        assert Session.objects.count() == 2
    waiting.join(timeout=10)

    assert not Session.objects.exists()


def in_thread() -> None:
    try:
        call_command("purge", verbosity=0)
    finally:
        connection.close()
