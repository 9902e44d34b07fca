"""Sealing while others write: nothing is left out, nothing is sealed twice, and no writer waits."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as told_to_hypothesis
from hypothesis import strategies as st

from audit.canonical import BY_INDEX
from audit.models import Entry, JobRun, Personal, Retention, Seal
from audit.retention.removal import remove_due
from audit.sealing import seals
from audit.sealing.findings import FindingKind
from audit.sealing.ids import Ids
from audit.sealing.keys import newest as newest_key
from audit.sealing.seals import SealingStopped, oldest_unsealed, seal
from audit.tasks import seal_entries
from config.variables import CHECKOUT
from jobs.celery_context import HEADER  # noqa: F401  # the application is there
from tests.audit.sealed import anything, begin_anew, told, verify, write
from tests.audit.truth import rolled_back
from tests.support.servers import Servers
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _anew(servers: Servers) -> None:
    begin_anew(servers)


@pytest.fixture
def other(servers: Servers) -> Iterator[psycopg.Connection]:
    with psycopg.connect(servers.runtime_url) as other:
        yield other


@pytest.mark.promise(75)
def test_an_entry_that_commits_late_is_sealed_later_and_nothing_is_lost(other: psycopg.Connection) -> None:
    other.execute("INSERT INTO auth_group (name) VALUES ('late')")
    meanwhile = write()
    assert seal() == 0  # the late transaction is the oldest that runs
    assert verify().unsealed == len(meanwhile)
    other.commit()
    later = write()

    assert seal() == len(meanwhile) + 1 + len(later)
    findings = verify()
    assert (told(findings), findings.unsealed) == ([], 0)


@pytest.mark.promise(75)
def test_a_seal_may_contain_ids_between_those_of_earlier_seals(other: psycopg.Connection) -> None:
    early = write()
    other.execute("INSERT INTO auth_group (name) VALUES ('late')")
    seal()
    meanwhile = write()
    other.execute("INSERT INTO auth_group (name) VALUES ('later')")
    other.commit()
    write()
    seal()

    late, later = (Entry.objects.get(after__name=name).pk for name in ("late", "later"))
    assert early[-1] < late < meanwhile[0] < later
    assert verify().is_clean
    assert Seal.objects.count() == 2


@pytest.mark.promise(75)
def test_a_seal_may_begin_below_earlier_seals(servers: Servers) -> None:
    """Sealing follows transactions: one with a higher number may have taken its id earlier, and ended later."""
    with psycopg.connect(servers.runtime_url) as first, psycopg.connect(servers.runtime_url) as second:
        first.execute("SELECT pg_current_xact_id()")
        second.execute("INSERT INTO auth_group (name) VALUES ('low id, high number')")
        first.execute("INSERT INTO auth_group (name) VALUES ('high id, low number')")
        first.commit()
        assert seal() == 1
        second.commit()
    assert seal() == 1

    later, earlier = Seal.objects.order_by("-number")
    assert later.first_id < earlier.first_id
    findings = verify()
    assert (told(findings), findings.first_seal, findings.last_seal) == ([], 1, 2)


@pytest.mark.promise(75)
def test_a_run_without_time_seals_nothing_and_the_next_continues() -> None:
    written = write()

    assert seal(seconds=-1) == 0
    assert seal(seconds=60) == len(written)


def test_a_gap_from_a_rollback_is_no_fault() -> None:
    with rolled_back():
        write()
    write()
    seal()

    assert verify().is_clean


def test_blocks_may_end_within_a_transaction_and_continue_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BLOCK", 4)
    with transaction.atomic():
        for number in range(10):
            Group.objects.create(name=f"group {number}")

    assert seal() == 10
    assert [one.entries for one in Seal.objects.order_by("number")] == [4, 4, 2]
    assert verify().is_clean
    assert seal() == 0


def test_a_bulk_write_is_sealed_without_reading_all_of_it_for_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BLOCK", 500)
    Group.objects.bulk_create(Group(name=f"group {number}") for number in range(3000))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        cursor.execute("EXPLAIN (FORMAT JSON) " + seals.FINISHED, [3, 0, 0, 2**62, 500])
        (plan,) = cursor.fetchone()

    assert not [node for node in _nodes(plan[0]["Plan"]) if node["Node Type"] in {"Sort", "Seq Scan"}]
    assert seal() == 3000
    assert verify().is_clean


def test_two_jobs_at_once_seal_each_entry_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BLOCK", 3)
    written = sum(len(write()) for _ in range(6))
    sealed = together(*[seal] * 4)

    assert sum(sealed) + seal() == written
    assert verify().is_clean


@pytest.mark.process
def test_a_job_that_is_killed_half_way_leaves_whole_seals_only(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = sum(len(write()) for _ in range(20))
    killed = f"""
import os, django
os.environ.update({_environment()!r})
django.setup()
from audit.sealing import seals
seals.BLOCK = 7
append, done = seals._append, []
def kill(*told, **more):
    made = append(*told, **more)
    done.append(made)
    if len(done) == 5:
        os.kill(os.getpid(), 9)
    return made
seals._append = kill
seals.seal()
"""
    ended = subprocess.run([sys.executable, "-c", killed], cwd=CHECKOUT, check=False, capture_output=True, timeout=60)
    assert ended.returncode == -9, ended.stderr.decode()[-2000:]

    assert Seal.objects.count() == 4
    assert verify().is_clean
    assert seal() == written - 28
    assert verify().is_clean


def test_after_a_restore_to_a_server_with_smaller_numbers_the_chain_continues(servers: Servers) -> None:
    """The new server starts its transaction numbers again, so sealed entries have larger numbers than new ones."""
    write()
    with anything(servers) as tamper:
        tamper("UPDATE audit_entry SET txid = txid + 1000000000")
        _seal_as_another_server()
        tail = write()
        tamper(f"UPDATE audit_entry SET txid = txid + 2000000000 WHERE id >= {tail[0]}")
    fresh = write()

    assert seal() == len(fresh)
    assert [one.carried for one in Seal.objects.order_by("number")] == [False, True, False]
    findings = verify()
    assert (told(findings), findings.unsealed) == ([], 0)
    more = write()
    assert seal() == len(more)
    assert verify().is_clean
    assert oldest_unsealed() is None


def test_after_a_restore_running_transactions_are_not_skipped(servers: Servers, other: psycopg.Connection) -> None:
    write()
    with anything(servers) as tamper:
        tamper("UPDATE audit_entry SET txid = txid + 1000000000")
        _seal_as_another_server()
        tail = write()
        tamper(f"UPDATE audit_entry SET txid = txid + 2000000000 WHERE id >= {tail[0]}")
    other.execute("INSERT INTO auth_group (name) VALUES ('late')")
    write()
    seal()
    seal()
    other.commit()
    write()
    seal()

    findings = verify()
    assert (told(findings), findings.unsealed) == ([], 0)


def test_the_job_records_when_it_ran_and_what_stopped_it(servers: Servers) -> None:
    write()
    seal_entries()
    assert JobRun.objects.get(name="sealing").detail == ""
    assert verify().unsealed == 0

    with anything(servers) as tamper:
        tamper("UPDATE audit_seal SET mac = sha256('')")
    with pytest.raises(SealingStopped):
        seal_entries()
    assert "not authentic" in JobRun.objects.get(name="sealing").detail


def test_the_database_refuses_a_seal_that_does_not_follow_the_last() -> None:
    write()
    seal()
    for number, previous in ((1, "00"), (3, "00"), (2, "00")):
        with connection.cursor() as cursor, pytest.raises(Exception, match="does not follow"):
            cursor.execute(
                "SELECT audit_append_seal(to_jsonb(s) || %s, '') FROM audit_seal s",
                [f'{{"number": {number}, "previous": "\\\\x{previous}"}}'],
            )


def test_what_the_job_reads_does_not_grow_with_the_trail(servers: Servers) -> None:
    write()
    seal()
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id)"
            " SELECT now(), 3, 'database', 'update', 'database', '' FROM generate_series(1, 30000)"
        )
        owner.execute("ANALYZE audit_entry")
    fresh = write()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        place, oldest_running = seals.position_after(seals.last_seal())
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) " + seals.FINISHED,
            [place.txid, place.id, place.floor_id, oldest_running, seals.BLOCK],
        )
        (plan,) = cursor.fetchone()
    read = [node for node in _nodes(plan[0]["Plan"]) if "Relation Name" in node]
    assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read) == len(fresh)


@pytest.mark.parametrize("ids", [[1], [1, 2, 3], [1, 3, 4, 9], list(range(5, 100))])
def test_ids_are_written_and_read(ids: list[int]) -> None:
    written = Ids.of(ids)

    assert list(Ids.read(str(written))) == ids
    assert len(written) == len(ids)
    assert [one for one in range(120) if one in written] == ids


def test_an_empty_list_of_ids_has_no_span_and_contains_nothing() -> None:
    none = Ids.of([])

    assert (none.spans, list(none), len(none), 1 in none) == ((), [], 0, False)


@pytest.mark.parametrize("text", ["", "3-1", "1,2", "1-1", "5,3", "x", "1-", "01"])
def test_invalid_lists_of_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Ids.read(text)


def test_a_key_does_not_show() -> None:
    assert newest_key().secret.hex() not in repr(newest_key())


ACTS = ("write", "seal", "late", "commit", "erase", "age", "remove", "roll back")


@pytest.mark.slow
@pytest.mark.promise(75)
@told_to_hypothesis(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=3, max_size=20), seed=st.integers(0, 9))
def test_whatever_the_product_does_the_trail_can_be_verified(servers: Servers, acts: list[str], seed: int) -> None:
    begin_anew(servers)
    chance = random.Random(seed)  # noqa: S311  # it decides about a test
    with psycopg.connect(servers.owner_url, autocommit=True) as owner, psycopg.connect(servers.runtime_url) as late:
        owner.execute("SELECT audit_set_minimum(1)")
        Retention.objects.all().delete()
        Retention.objects.create(tenant_id="", days=chance.randint(1, 5))
        try:
            for act in acts:
                _do(act, owner, late, chance)
                findings = verify()
                waits = [FindingKind.UNSEALED]  # which is true of what came with an old time
                assert [fault for fault in findings.faults if fault.kind not in waits] == [], act
            late.rollback()
            seal()
            findings = verify()
            assert (told(findings), findings.unsealed) == ([], 0)
        finally:
            owner.execute("DELETE FROM audit_minimum")


def _do(act: str, owner: psycopg.Connection, late: psycopg.Connection, chance: random.Random) -> None:
    if act == "write":
        write(chance.randint(1, 3))
    elif act == "seal":
        seal()
    elif act == "late":
        late.execute("INSERT INTO auth_group (name) VALUES (%s)", [f"late {time.monotonic_ns()}"])
    elif act == "commit":
        late.commit()
    elif act == "roll back":
        late.rollback()
    elif act == "erase":
        ids = list(Personal.objects.values_list("pk", flat=True))
        owner.execute("DELETE FROM audit_personal WHERE entry_id = ANY (%s)", [chance.sample(ids, len(ids) // 2)])
    elif act == "age":
        owner.execute(
            "INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id) SELECT"
            " now() - %s, pg_current_xact_id()::text::bigint, 'database', 'update', 'database', ''"
            " FROM generate_series(1, 4)",
            [timedelta(days=chance.randint(0, 8))],
        )
    else:
        remove_due()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _seal_as_another_server() -> None:
    """Seal as another server, with another system identifier and other transaction numbers."""
    here = seals.HERE
    seals.HERE = "SELECT 42::bigint, 1500000000::bigint"
    try:
        seal()
    finally:
        seals.HERE = here


def _environment() -> dict[str, str]:
    import os  # noqa: PLC0415

    return dict(os.environ)
