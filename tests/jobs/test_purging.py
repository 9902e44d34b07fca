"""The purge: what has expired goes, what lives stays, and runs that are killed, doubled or overlap do what one does."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

from accounts.models import MailedLink, Purpose, Session
from audit.models import Entry, JobRun
from config.variables import CHECKOUT
from foundation.locks import number_of
from jobs import purging
from jobs.purging import JOB, Purged, purgeables, slices
from jobs.tasks import purge
from tests.support.product import PACKAGES
from tests.support.servers import Servers
from tests.support.statements import plans_of

pytestmark = pytest.mark.django_db

LIVE = 3
EXPIRED = """
    INSERT INTO accounts_session (session_key, session_data, expire_date)
    SELECT %(name)s || n, repeat('x', 300), now() + %(in)s FROM generate_series(1, %(count)s) n
"""


def sessions(count: int, *, hours: float, name: str) -> None:
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"name": name, "in": timedelta(hours=hours), "count": count}
        cursor.execute(EXPIRED, given)


def of_sessions(done: list[Purged] | None) -> Purged:
    assert done is not None
    return next(one for one in done if one.table == "accounts_session")


def told(action: str) -> list[object]:
    return [entry.details for entry in Entry.objects.filter(action=action).order_by("id")]


@pytest.fixture(params=["index", "heap"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way through a table, however many rows there are."""
    monkeypatch.setattr(slices, "FEW", 10**9 if request.param == "index" else -1)
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.promise(77)
def test_only_expired_sessions_go_and_one_entry_tells_of_it() -> None:
    sessions(LIVE, hours=1, name="live")
    sessions(4_321, hours=-1, name="old")

    purged = of_sessions(purging.purge())

    assert (purged.count, purged.finished) == (4_321, True)
    assert Session.objects.count() == LIVE
    assert told("session.purged") == [{"count": 4_321, "finished": True}]
    assert of_sessions(purging.purge()).count == 0


@pytest.mark.promise(77)
def test_many_go_by_the_heap_and_few_by_the_index() -> None:
    statements: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    for count, by_heap in ((4_000, False), (20_000, True)):  # whatever the planner believes
        sessions(count, hours=-1, name=f"old{count}x")
        statements.clear()
        with connection.execute_wrapper(note):
            assert of_sessions(purging.purge()).count == count
        assert any("ctid >=" in sql for sql in statements) == by_heap


@pytest.mark.promise(77)
def test_a_slice_stays_a_slice_where_the_planner_believes_the_table_is_empty(servers: Servers) -> None:
    """Statistics taken between a purge and the next visitors say so: a join would go through all rows for each."""
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        with owner.transaction(force_rollback=True):
            owner.execute(EXPIRED, {"name": "never", "in": timedelta(0), "count": 20_000})
        owner.execute("ANALYZE accounts_session")
    sessions(20_000, hours=-1, name="old")
    (purgeable,) = (one for one in purgeables() if one.table == "accounts_session")
    with plans_of("DELETE") as plans:
        removed = list(slices.delete_expired(purgeable))

    ways = ["by the heap" if "Tid Range Scan" in plan else "by the index" for plan in plans]
    assert sum(removed) == 20_000
    assert max(count for count, way in zip(removed, ways, strict=True) if way == "by the index") <= slices.MOST_ROWS
    assert [plan for plan in plans if "Tid" not in plan or "Join" in plan] == []
    assert set(ways) == {"by the index", "by the heap"}


@pytest.mark.promise(77)
def test_expired_links_go_used_or_not() -> None:
    now = timezone.now()
    for name, hours, used_at in (("a", -1, None), ("b", -1, now), ("c", 1, None), ("d", 1, now)):
        expires_at = now + timedelta(hours=hours)
        MailedLink.objects.create(digest=name, purpose=Purpose.REGISTRATION, expires_at=expires_at, used_at=used_at)

    purge()
    assert set(MailedLink.objects.values_list("digest", flat=True)) == {"c", "d"}
    assert told("mailed_link.purged") == [{"count": 2, "finished": True}]


@pytest.mark.promise(77)
def test_a_run_with_nothing_to_do_says_nothing_in_the_trail_and_that_it_ran() -> None:
    purge()

    assert not Entry.objects.filter(action__endswith=".purged").exists()
    assert JobRun.objects.get(name="purge").progress == {"left": []}


@pytest.mark.promise(77)
def test_a_budget_of_no_time_leaves_the_rest_for_the_next_run() -> None:
    sessions(20_000, hours=-1, name="old")  # more than any slice

    first = of_sessions(purging.purge(seconds=0))
    assert (first.finished, first.count < 20_000) == (False, True)
    assert "accounts_session" in JobRun.objects.get(name="purge").progress["left"]
    assert of_sessions(purging.purge()).finished
    assert not Session.objects.exists()


@pytest.mark.promise(77)
def test_a_dry_run_counts_and_touches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    sessions(12, hours=-1, name="old")
    sessions(LIVE, hours=1, name="live")

    call_command("purge", "--dry-run")

    assert "accounts_session: 12 rows would be removed." in capsys.readouterr().out
    assert Session.objects.count() == 12 + LIVE
    assert told("session.purged") == []


@pytest.mark.promise(77)
def test_whatever_expires_is_registered() -> None:
    """A table with an end to its rows is a line of the registry; tokens, which are renewed, go by their age.

    Signing keys go by their removal, consents by their withdrawal. A service account that has expired stays,
    because the trail names it.
    """
    found = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.split(".")[0] in PACKAGES  # libraries' tables stay empty here
        for field in model._meta.concrete_fields
        if isinstance(field, models.DateTimeField) and "expire" in field.name
    }
    expected = (found - {"authserver_serviceaccount"}) | {"authserver_tokensigningkey", "authserver_consent"}
    assert expected == {purgeable.table for purgeable in purgeables()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("way")
@pytest.mark.promise(77)
def test_a_row_that_somebody_holds_is_left_and_one_that_lives_longer_stays(servers: Servers) -> None:
    sessions(500, hours=-1, name="old")
    with psycopg.connect(servers.runtime_url) as holder, psycopg.connect(servers.runtime_url) as prolonging:
        holder.execute("SELECT FROM accounts_session WHERE session_key = 'old7' FOR UPDATE")
        prolonging.execute(
            "UPDATE accounts_session SET expire_date = now() + interval '1 hour' WHERE session_key = 'old8'"
        )
        running = threading.Thread(target=in_thread)
        running.start()
        time.sleep(0.01)
        prolonging.commit()
        running.join(timeout=20)
        assert set(Session.objects.values_list("session_key", flat=True)) == {"old7", "old8"}

    purging.purge()
    assert Session.objects.get().session_key == "old8"


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(77)
def test_a_scheduled_run_leaves_at_once_while_another_is_under_way_and_the_command_waits(servers: Servers) -> None:
    sessions(2, hours=-1, name="old")
    with psycopg.connect(servers.runtime_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number_of(JOB)])
        assert purging.purge(seconds=10) is None
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


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start(running: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    running.append(subprocess.Popen([sys.executable, "manage.py", "purge"], cwd=CHECKOUT, stdout=subprocess.DEVNULL))
    return running[-1]


@contextmanager
def slowly(servers: Servers) -> Iterator[None]:
    """Let the removal of sixty thousand sessions take two seconds or more."""
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION a_moment() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(0.02); RETURN OLD; END';"
            " CREATE TRIGGER a_moment BEFORE DELETE ON accounts_session FOR EACH ROW"
            " WHEN (OLD.session_key LIKE '%500') EXECUTE FUNCTION a_moment()"
        )
        try:
            yield
        finally:
            owner.execute("DROP FUNCTION a_moment CASCADE")


def backends() -> set[int]:
    """The processes of the database that serve somebody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in cursor.fetchall()}


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(77)
def test_killed_doubled_and_overlapping_runs_end_in_the_same_state(
    running: list[subprocess.Popen[bytes]], servers: Servers
) -> None:
    count = 60_000
    sessions(LIVE, hours=1, name="live")
    sessions(count, hours=-1, name="old")

    with slowly(servers):
        before = backends()
        killed = start(running)
        while Session.objects.count() > count - 2_000 and killed.poll() is None:
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        while backends() - before:  # what it had asked for may yet be done
            time.sleep(0.005)
    left = Session.objects.count()
    assert LIVE < left < count

    both = [start(running), start(running)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert set(Session.objects.values_list("session_key", flat=True)) == {f"live{number}" for number in (1, 2, 3)}
    assert sum(entry["count"] for entry in told("session.purged")) == left - LIVE  # type: ignore[index]
