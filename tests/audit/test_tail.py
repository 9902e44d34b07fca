"""Reading the trail from a cursor: nothing that commits late is skipped, and nothing is read twice."""

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group

from audit import tail
from audit.models import Entry
from audit.tail import Cursor
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)


def read(place: Cursor, *, limit: int = 100) -> tuple[list[Any], Cursor]:
    entries, reached = tail.settled(place, limit=limit)
    return [entry.after["name"] for entry in entries if entry.after], reached


def test_entries_that_commit_late_are_read_in_the_order_of_their_transactions(servers: Servers) -> None:
    start = tail.current_cursor()
    with psycopg.connect(servers.runtime_url) as slow:
        slow.execute("INSERT INTO auth_group (name) VALUES ('slow')")
        Group.objects.create(name="quick")
        assert read(start)[0] == []
        slow.commit()

    names, reached = read(start)
    assert names == ["slow", "quick"]
    assert read(reached) == ([], reached) or read(reached)[0] == []


def test_a_transaction_that_took_its_number_first_and_its_id_last_is_not_skipped(servers: Servers) -> None:
    """With ids alone the fast transaction would be read, and the slow one with a lower number skipped."""
    start = tail.current_cursor()
    with psycopg.connect(servers.runtime_url) as first, psycopg.connect(servers.runtime_url) as second:
        first.execute("SELECT pg_current_xact_id()")
        second.execute("INSERT INTO auth_group (name) VALUES ('low id, high number')")
        first.execute("INSERT INTO auth_group (name) VALUES ('high id, low number')")
        first.commit()
        names, reached = read(start)
        assert names == ["high id, low number"]
        second.commit()

    assert read(reached)[0] == ["low id, high number"]


def test_batches_end_with_the_trail_and_continue_from_there() -> None:
    start = tail.current_cursor()
    Group.objects.bulk_create([Group(name=f"group {number}") for number in range(7)])

    found = list(tail.batches(start, limit=3))
    assert [len(entries) for entries, _ in found] == [3, 3, 1]
    Group.objects.create(name="later")
    assert read(found[-1][1])[0] == ["later"]


def test_reading_continues_after_a_restore_to_a_new_server(servers: Servers) -> None:
    """The new server starts its transaction numbers again, so old entries have higher numbers than new ones."""
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id, after) SELECT now(), "
            "n + 9000000000, 'database', 'create', 'database', 'x', jsonb_build_object('name', n) "
            "FROM generate_series(1, 3) n"
        )
    old = Entry.objects.get(txid=9_000_000_001)
    names, reached = read(tail.cursor_at(old))
    assert names == [2, 3]
    assert reached.floor == old.pk + 2

    Group.objects.create(name="new life")
    names, reached = read(reached)
    assert names == ["new life"]
    assert read(reached)[0] == []


def test_polling_reads_the_index_only_from_the_cursor_on() -> None:
    plan = Entry.objects.filter(tail._after(tail.current_cursor())).order_by("txid", "id")[:10].explain()  # noqa: SLF001

    assert "audit_entry_txid" in plan or "txid_id_idx" in plan
