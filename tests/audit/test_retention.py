"""Months of the trail: created ahead, and removed as a whole or entry by entry. What is left can be verified."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Event as Bell
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection
from django.utils import timezone
from psycopg import errors

from accounts.models import User
from audit.context import Actor, ActorKind
from audit.events import Event
from audit.models import Entry, JobRun, Personal, Removal, Retention, Seal, SealDigests
from audit.retention import removal, rules
from audit.retention.removal import Removed, make_months, remove_due
from audit.sealing.findings import FindingKind
from audit.sealing.seals import seal
from audit.tallies import first_id
from audit.tasks import keep_the_trail
from foundation.locks import number_of
from tests.audit.sealed import anything, begin_anew, told, verify, write
from tests.audit.truth import rolled_back
from tests.support.held_locks import released_after_one_failure
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)

TENANT, OTHER = "0b7e", "77aa"
FILL = """
    WITH made AS (
        INSERT INTO audit_entry (at, txid, source, action, actor_kind, actor_id, tenant_id, personal_digest)
        SELECT {at} + n * interval '1 ms', 3, 'database', 'update', 'database', 'tests', {tenant},
            audit_digest('00000000-0000-0000-0000-000000000000', NULL, '{{}}', NULL, NULL)
        FROM generate_series(1, {many}) n RETURNING id, at
    )
    INSERT INTO audit_personal (entry_id, at, salt, after)
    SELECT id, at, '00000000-0000-0000-0000-000000000000', '{{}}' FROM made
"""


@pytest.fixture(autouse=True)
def owner(servers: Servers) -> Iterator[psycopg.Connection]:
    """Give the owner's connection. The first month has no beginning; here it ends where this month begins."""
    begin_anew(servers)
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        this_month = begin_of_month(timezone.now())
        begin_first_month(owner, f"'{this_month}'")
        yield owner
        owner.execute("DELETE FROM audit_minimum")
        begin_anew(servers)
        for (name,) in owner.execute("SELECT name FROM audit_months() WHERE upper <= %s", [this_month]).fetchall():
            owner.execute(f"DROP TABLE {name}".encode())
        begin_first_month(owner, "MINVALUE")


def begin_first_month(owner: psycopg.Connection, begins: str) -> None:
    for parent in ("audit_entry", "audit_personal"):
        (first, ends) = owner.execute(
            "SELECT name, upper FROM audit_months() WHERE parent = %s AND name LIKE '%%_until_%%'", [parent]
        ).fetchall()[0]
        owner.execute(f"ALTER TABLE {parent} DETACH PARTITION {first}".encode())
        owner.execute(
            f"ALTER TABLE {parent} ATTACH PARTITION {first} FOR VALUES FROM ({begins}) TO ('{ends}')".encode()
        )


def begin_of_month(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def fill(owner: psycopg.Connection, *, days_ago: int, tenant: str | None = None, many: int = 10) -> datetime:
    """Insert entries of a past day, create its month if it is missing, and return their time."""
    at = timezone.now() - timedelta(days=days_ago)
    a_month(owner, at)
    owner.execute(
        FILL.format(
            at=f"'{at.isoformat()}'::timestamptz", tenant=f"'{tenant}'" if tenant else "NULL", many=many
        ).encode()
    )
    return at


def a_month(owner: psycopg.Connection, at: datetime) -> None:
    """Create the partition of a past month, as if the product had already run then."""
    lower = begin_of_month(at)
    upper = begin_of_month(lower + timedelta(days=32))
    if upper > timezone.now():
        return
    for parent in ("audit_entry", "audit_personal"):
        name = f"{parent}{lower:_%Y_%m}"
        if owner.execute("SELECT to_regclass(%s) IS NULL", [name]).fetchone() == (True,):
            owner.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS)".encode())
            owner.execute("SELECT audit_close(%s), audit_guard(%s, %s)", [name, name, parent])
            bounds = f"FROM ('{lower}') TO ('{upper}')"
            owner.execute(f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES {bounds}".encode())


def months(owner: psycopg.Connection) -> list[str]:
    query = "SELECT name FROM audit_months() WHERE parent = 'audit_entry' AND upper <= %s ORDER BY 1"
    return [str(name) for (name,) in owner.execute(query, [begin_of_month(timezone.now())]).fetchall()]


# Months


@pytest.mark.promise(75)
def test_this_month_and_the_next_ones_exist(owner: psycopg.Connection) -> None:
    make_months()
    ends = owner.execute("SELECT parent, max(upper) FROM audit_months() GROUP BY parent").fetchall()

    assert {parent for parent, _end in ends} == {"audit_entry", "audit_personal"}
    assert all(end > timezone.now() + timedelta(days=58) for _parent, end in ends)


@pytest.mark.promise(75)
def test_a_missing_month_makes_no_write_fail_and_later_ones_can_be_created(owner: psycopg.Connection) -> None:
    detached = owner.execute("SELECT parent, name, lower, upper FROM audit_months() WHERE upper > now()").fetchall()
    for parent, name, _lower, _upper in detached:
        owner.execute(f"ALTER TABLE {parent} DETACH PARTITION {name}".encode())
    entries = write()
    assert Entry.objects.filter(pk__in=entries).count() == 5
    assert owner.execute("SELECT count(*) FROM audit_entry_without_month").fetchone() == (5,)

    for _parent, name, _lower, _upper in detached:
        owner.execute(f"DROP TABLE {name}".encode())
    make_months()
    made = owner.execute("SELECT name FROM audit_months() WHERE parent = 'audit_entry' AND upper > now()").fetchall()
    assert len(made) == 2  # this month's entries lie elsewhere
    write()
    assert owner.execute("SELECT count(*) FROM audit_entry_without_month").fetchone() == (10,)
    seal()
    assert verify().is_clean

    owner.execute("TRUNCATE audit_entry, audit_personal")
    for (name,) in owner.execute("SELECT name FROM audit_months() WHERE upper > now()").fetchall():
        owner.execute(f"DROP TABLE {name}".encode())  # on a month's last day, the first partition covers two months
    for parent, name, lower, upper in detached:
        if "_until_" in name:
            owner.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS)".encode())
            owner.execute("SELECT audit_close(%s), audit_guard(%s, %s)", [name, name, parent])
            bounds = f"FROM ('{lower}') TO ('{upper}')"
            owner.execute(f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES {bounds}".encode())
    make_months()


@pytest.mark.promise(75)
def test_months_have_the_keys_and_indexes_of_the_table_and_no_rights(owner: psycopg.Connection) -> None:
    make_months()
    counted = """
        SELECT (SELECT count(*) FROM pg_index i WHERE i.indrelid = m.name::regclass AND i.indisvalid)
            = (SELECT count(*) FROM pg_index i WHERE i.indrelid = m.parent::regclass),
            has_table_privilege('vestibule_app', m.name, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'),
            has_table_privilege('vestibule_backup', m.name, 'SELECT'),
            EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = m.name::regclass AND tgname = 'audit_append_only')
        FROM audit_months() m
    """
    assert set(owner.execute(counted).fetchall()) == {(True, False, True, True)}
    name = "audit_entry_without_month"
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute(f"DELETE FROM {name}".encode())


# Removing


@pytest.mark.promise(75)
def test_a_month_that_is_due_is_removed_whole_and_the_rest_can_be_verified(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=500)
    fill(owner, days_ago=450)
    fill(owner, days_ago=100)
    kept = write()
    seal()
    Retention.objects.create(tenant_id="", days=400)
    done = remove_due()

    assert (done.months, done.entries, done.detail) == (2, 20, "")
    assert months(owner) == [f"audit_entry{timezone.now() - timedelta(days=100):_%Y_%m}"]
    assert Entry.objects.filter(pk__in=kept).count() == len(kept)
    assert Personal.objects.filter(at__lt=timezone.now() - timedelta(days=400)).count() == 0
    findings = verify()
    assert (told(findings), findings.removed) == ([], 20)
    event = Entry.objects.get(action="entries.removed")
    assert event.details == {"months": 2, "entries": 20}
    seal()
    assert verify().is_clean


@pytest.mark.promise(75)
def test_without_a_rule_nothing_is_removed(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=1500)
    seal()

    assert remove_due().entries == 0
    assert JobRun.objects.get(name="retention").detail == ""


@pytest.mark.promise(75)
def test_tenants_have_their_own_shorter_or_longer_retention(owner: psycopg.Connection) -> None:
    for days_ago in (200, 20):
        for tenant in (TENANT, OTHER, None):
            fill(owner, days_ago=days_ago, tenant=tenant)
    owner.execute("SELECT audit_set_minimum(10)")
    Retention.objects.create(tenant_id="", days=100)
    Retention.objects.create(tenant_id=TENANT, days=15)
    Retention.objects.create(tenant_id=OTHER, days=1000)
    seal()
    done = remove_due()

    assert (done.months, done.entries) == (0, 30)
    left = Entry.objects.filter(actor_id="tests").exclude(tenant_id=None).values_list("tenant_id", flat=True)
    assert set(left) == {OTHER}
    assert Entry.objects.filter(actor_id="tests", tenant_id=None).count() == 10
    assert Personal.objects.filter(entry__actor_id="tests").count() == 30
    seal()
    assert verify().is_clean

    Retention.objects.get(tenant_id=OTHER).delete()
    done = remove_due()
    assert (done.months, done.entries) == (1, 10)
    seal()
    assert verify().is_clean
    assert remove_due().entries == 0


@pytest.mark.promise(75)
def test_slices_continue_where_they_were_and_see_what_became_due(
    owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "SLICE", 4)
    for days_ago in (40, 30, 20):
        fill(owner, days_ago=days_ago, tenant=TENANT)
    owner.execute("SELECT audit_set_minimum(10)")
    seal()
    Retention.objects.create(tenant_id=TENANT, days=35)
    assert remove_due(seconds=0).entries == 0
    assert remove_due().entries == 10
    Retention.objects.update(days=25)
    assert remove_due().entries == 10
    assert verify().is_clean
    assert Removal.objects.count() == 6


@pytest.mark.promise(75)
def test_slices_do_not_continue_where_a_clock_that_was_ahead_left_them(owner: psycopg.Connection) -> None:
    """A run with a clock that was ahead came further than the next one may, which must not skip what lies between."""
    fill(owner, days_ago=40, tenant=TENANT)
    owner.execute("SELECT audit_set_minimum(10)")
    seal()
    Retention.objects.create(tenant_id=TENANT, days=35)
    assert remove_due(seconds=0).entries == 0
    run = JobRun.objects.get(name=removal.JOB)
    until = timezone.now() + timedelta(days=365)
    run.progress = {"days": {TENANT: 35}, "places": {TENANT: [first_id(until), until.isoformat()]}}
    run.save()

    assert remove_due().entries == 10


@pytest.mark.promise(75)
def test_nothing_is_removed_before_it_is_sealed(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=500)
    Retention.objects.create(tenant_id="", days=400)
    keep_the_trail()

    assert Entry.objects.filter(actor_id="tests").count() == 10
    assert "waits to be sealed" in JobRun.objects.get(name="retention").detail


@pytest.mark.promise(75)
def test_the_command_removes_to_the_end_and_reports_what_it_removed_or_why_not(owner: psycopg.Connection) -> None:
    def said() -> str:
        out = StringIO()
        call_command("audit", "remove", stdout=out)
        return out.getvalue()

    assert said() == "0 entries were removed, with 0 whole months\n"
    fill(owner, days_ago=500)
    Retention.objects.create(tenant_id="", days=400)
    with pytest.raises(CommandError, match="waits to be sealed"):
        said()
    seal()
    assert said() == "10 entries were removed, with 1 whole months\n"
    assert Entry.objects.get(action=Event.ENTRIES_REMOVED).actor == Actor(ActorKind.COMMAND, "audit remove")


@pytest.mark.promise(75)
def test_a_run_without_time_leaves_all_of_it_to_the_next(owner: psycopg.Connection) -> None:
    for days_ago in (500, 550):
        fill(owner, days_ago=days_ago)
    seal()
    Retention.objects.create(tenant_id="", days=400)

    assert remove_due(seconds=-1) == Removed()
    assert len(months(owner)) == 2
    assert remove_due() == Removed(months=2, entries=20)


@pytest.mark.promise(75)
def test_a_month_without_entries_is_removed_silently(owner: psycopg.Connection) -> None:
    a_month(owner, timezone.now() - timedelta(days=500))
    Retention.objects.create(tenant_id="", days=400)

    assert remove_due() == Removed()
    assert months(owner) == []
    assert Removal.objects.count() == 0


@pytest.mark.promise(75)
def test_a_second_run_at_the_same_time_removes_nothing_and_says_so(owner: psycopg.Connection, servers: Servers) -> None:
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    with psycopg.connect(servers.runtime_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number_of(removal.JOB)])
        assert remove_due() == Removed(detail="another run is under way")
        other.execute("SELECT pg_advisory_unlock_all()")
    assert remove_due().months == 1


@pytest.mark.promise(75)
def test_a_rule_that_is_deleted_while_the_job_runs_removes_nothing(owner: psycopg.Connection, servers: Servers) -> None:
    fill(owner, days_ago=500, tenant=TENANT)
    seal()
    Retention.objects.create(tenant_id=TENANT, days=400)

    def take_away(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.startswith("SELECT public.audit_due"):
            owner.execute("DELETE FROM audit_retention")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take_away):
        assert remove_due() == Removed()
    assert Entry.objects.filter(actor_id="tests").count() == 10


@pytest.mark.promise(75)
def test_the_digests_of_a_month_are_removed_with_it(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=500)
    seal()
    write()
    seal()
    Retention.objects.create(tenant_id="", days=400)
    before = SealDigests.objects.count()
    remove_due()

    assert SealDigests.objects.count() == before - 1
    assert verify().is_clean


def test_each_row_of_the_trail_has_a_short_description(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=500, many=3)
    gone = Entry.objects.order_by("pk").values_list("pk", flat=True)[0]
    seal()
    Retention.objects.create(tenant_id="", days=400)
    Retention.objects.create(tenant_id=TENANT, days=500)
    keep_the_trail()
    ada = User.objects.create_user(name="Ada")
    seal()
    entry = Entry.objects.filter(object_table="accounts_user", action="create").latest("pk")

    assert str(entry) == f"{entry.pk}: create accounts_user {ada.pk}"
    assert str(Personal.objects.latest("entry_id")) == str(entry.pk)
    assert str(Removal.objects.get()) == f"3: {gone}-{gone + 2}"
    assert {str(rule) for rule in Retention.objects.all()} == {"*: 400", f"{TENANT}: 500"}
    assert str(JobRun.objects.get()) == "retention"
    newest = Seal.objects.latest("number")
    assert str(newest) == str(SealDigests.objects.get(number=newest.number)) == "2"


# What nobody may


@pytest.mark.promise(75)
def test_entries_younger_than_the_minimum_stay_whatever_the_runtime_role_does(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=300)
    seal()
    Retention.objects.create(tenant_id="", days=1)

    assert remove_due().entries == 0
    ids, times = zip(*Entry.objects.filter(actor_id="tests").values_list("pk", "at"), strict=True)
    upper = owner.execute("SELECT min(upper) FROM audit_months()").fetchone()
    with connection.cursor() as cursor:
        for statement, parameters in [
            ("SELECT audit_remove_entries(%s, %s, %s, '{}')", [list(ids), min(times), max(times)]),
            ("SELECT audit_remove_month(%s, '{}')", upper),
            ("SELECT audit_forget_digests('2000-01-01', now())", []),
            ("SELECT audit_set_minimum(1)", []),
            ("INSERT INTO audit_minimum (days) VALUES (1)", []),
            ("SELECT audit_note_removal('{}')", []),
            ("DELETE FROM audit_removal", []),
            ("DELETE FROM audit_seal", []),
            ("UPDATE audit_seal SET entries = 1", []),
            ("TRUNCATE audit_seal", []),
            ("DELETE FROM audit_seal_digests", []),
            ("SELECT set_config('audit.removing', 'retention', false); DELETE FROM audit_entry", []),
            ("DROP TABLE audit_entry_without_month", []),
        ]:
            with pytest.raises(
                ProgrammingError, match=r"permission denied|not due|not all|entries of this|must be owner"
            ):
                cursor.execute(statement, parameters or None)
        cursor.execute("SELECT set_config('audit.removing', '', false)")
    assert Entry.objects.filter(actor_id="tests").count() == 10
    assert verify().is_clean


@pytest.mark.promise(75)
def test_a_month_that_was_removed_without_the_key_is_found(owner: psycopg.Connection, servers: Servers) -> None:
    """An attacker with the runtime role's password may remove what is due, but cannot forge a removal by the job."""
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    (first, last), (upper,) = (
        sorted(Entry.objects.filter(actor_id="tests").values_list("pk", flat=True))[::9],
        owner.execute("SELECT min(upper) FROM audit_months()").fetchone() or (None,),
    )
    with connection.cursor() as cursor:
        forged = (
            f'{{"id": "{"0" * 32}", "removed_at": "now", "until": "now", "entries": 10, "ids": "{first}-{last}", '
            f'"first_id": {first}, "last_id": {last}, "key_id": "mine", "mac": ""}}'
        )
        cursor.execute("SELECT audit_remove_month(%s, %s)", [upper, forged])
    assert {kind for kind, _first, _last in told(verify())} == {FindingKind.REMOVAL, FindingKind.DELETED}

    with anything(servers) as tamper:
        tamper("DELETE FROM audit_removal")
    assert told(verify()) == [(FindingKind.DELETED, first, last)]


@pytest.mark.promise(75)
def test_the_minimum_is_set_by_the_owner_and_recorded_in_the_trail() -> None:
    call_command("audit", "retention", days=90)

    assert rules.minimum_days() == 90
    event = Entry.objects.get(action="retention.minimum_set")
    assert event.details == {"before": 365, "days": 90}
    with pytest.raises(CommandError, match="at least 1"):
        call_command("audit", "retention", days=0)


# Nobody waits


@pytest.mark.promise(75)
def test_no_writer_waits_while_a_month_is_removed(owner: psycopg.Connection, servers: Servers) -> None:
    fill(owner, days_ago=500, many=20_000)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    over, slowest = Bell(), 0.0

    def keep_writing() -> float:
        slowest, number = 0.0, 0
        with psycopg.connect(servers.runtime_url, autocommit=True) as runtime:
            runtime.execute("SET lock_timeout = '1s'")
            while not over.is_set():
                number += 1
                begun = time.perf_counter()
                runtime.execute("INSERT INTO auth_group (name) VALUES (%s)", [f"writer {number}"])
                slowest = max(slowest, time.perf_counter() - begun)
        return slowest

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(keep_writing)
        done = remove_due()
        over.set()
        slowest = writer.result()
    assert (done.months, done.entries) == (1, 20_000)
    assert slowest < 0.5  # a machine that is busy: the benchmark says how long
    seal()
    assert verify().is_clean


@pytest.mark.promise(75)
def test_a_month_is_removed_although_a_writer_does_not_end(owner: psycopg.Connection, servers: Servers) -> None:
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    with psycopg.connect(servers.runtime_url) as runtime:
        runtime.execute("INSERT INTO auth_group (name) VALUES ('long')")
        assert remove_due().months == 1
        runtime.commit()
    assert Entry.objects.filter(after__name="long").exists()
    assert Group.objects.filter(name="long").exists()


@pytest.mark.promise(75)
def test_a_month_that_is_locked_for_a_moment_is_removed_after_that(owner: psycopg.Connection, servers: Servers) -> None:
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    (month,) = months(owner)
    with psycopg.connect(servers.owner_url) as holding:
        holding.execute(f"LOCK TABLE {month} IN ACCESS SHARE MODE".encode())
        with released_after_one_failure(holding):
            assert remove_due() == Removed(months=1, entries=10)


@pytest.mark.promise(75)
def test_a_month_that_stays_locked_stays_whole_and_the_run_fails(
    owner: psycopg.Connection, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "TRIES", 1)
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    (month,) = months(owner)
    with psycopg.connect(servers.owner_url) as holding:
        holding.execute(f"LOCK TABLE {month} IN ACCESS SHARE MODE".encode())
        with pytest.raises(OperationalError, match="lock timeout"):
            remove_due()

    assert Entry.objects.filter(actor_id="tests").count() == 10
    assert (Removal.objects.count(), JobRun.objects.filter(name=removal.JOB).count()) == (0, 0)


@pytest.mark.promise(75)
def test_a_removal_and_its_record_are_rolled_back_together(owner: psycopg.Connection) -> None:
    fill(owner, days_ago=500)
    seal()
    Retention.objects.create(tenant_id="", days=400)
    (upper,) = owner.execute("SELECT min(upper) FROM audit_months()").fetchone() or (None,)
    values = (
        '{"id": "00000000000000000000000000000000", "removed_at": "now", "until": "now", "entries": 1, "ids": "1", '
        '"first_id": 1, "last_id": 1, "key_id": "", "mac": ""}'
    )
    with rolled_back(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_remove_month(%s, %s)", [upper, values])
        assert not Entry.objects.filter(actor_id="tests").exists()
    assert Entry.objects.filter(actor_id="tests").count() == 10
    assert Removal.objects.count() == 0
