"""The retry engine: delays, leases, giving up and health, on real rows, by several workers, under wrong clocks."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from django.apps.registry import Apps
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from hypothesis import given, strategies
from pytest_django.plugin import DjangoDbBlocker

from foundation.rows import change, fetch_all, fetch_one
from jobs.retry import (
    END_LEASE,
    IS_DUE,
    IS_LEASED,
    JITTER,
    NOTE_FAILURE,
    NOTE_SUCCESS,
    WAITING,
    Lease,
    Leased,
    Peer,
    Retryable,
    RetryPolicy,
    claiming,
    doubling,
    putting_off,
    wake,
)
from tests.support.servers import Servers
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
TABLE = "retried"
LEASE = Lease(30 * SECOND)
POLICY = RetryPolicy(delays=doubling(15 * SECOND, HOUR), max_age=7 * DAY)
CLAIM = claiming(TABLE, among="detail <> ALL (%(silent)s)", returning="id, attempts")
PUT_OFF = putting_off(TABLE, noting=["detail"])
KILLED = """
import os, signal, sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=sys.argv[2] == "claimed") as database:
    print(database.execute(sys.argv[3]).fetchone()[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Row(Retryable, Leased, Peer):
    """All that the engine gives to a table; in a registry of its own, so that no check asks about it."""

    detail = models.CharField(max_length=60, blank=True, default="", db_default="")

    objects: ClassVar[models.Manager["Row"]] = models.Manager()

    class Meta:
        apps = Apps()
        app_label = "jobs"
        db_table = TABLE

    def __str__(self) -> str:
        return str(self.pk)


@pytest.fixture(scope="module", autouse=True)
def _table(servers: Servers, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(Row)
        statements = [str(statement) for statement in editor.collected_sql]
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())
        yield
        owner.execute(f"DROP TABLE {TABLE}".encode())


def rows(count: int, **columns: Any) -> None:
    """Insert by SQL: what is not given comes from the database."""
    change(f"INSERT INTO {TABLE} (paused_until) SELECT NULL FROM generate_series(1, %s)", [count])
    if columns:
        Row.objects.update(**columns)


def parameters(*silent: str) -> dict[str, Any]:
    return {**LEASE.given(), **POLICY.given(), "silent": list(silent)}


def claim(*silent: str) -> tuple[int, int] | None:
    """Return the id of the claimed row and which attempt this is."""
    found = fetch_one(CLAIM, parameters(*silent))
    return (found[0], found[1]) if found else None


def put_off(claimed: tuple[int, int], *, delay: timedelta = MINUTE) -> bool:
    row, attempts = claimed
    return bool(change(PUT_OFF, {"id": row, "attempts": attempts, "delay": delay, "detail": "away"}))


def the_row() -> Row:
    return Row.objects.get()


def is_about(moment: datetime | None, expected: timedelta) -> bool:
    """Whether a moment lies so far ahead, give or take what a slow machine needs."""
    return moment is not None and abs(moment - timezone.now() - expected) < 10 * SECOND


# Delays


@pytest.mark.parametrize(
    ("first", "longest", "seconds"),
    [
        (15, 600, [15, 30, 60, 120, 240, 480, 600]),
        (30, 3600, [30, 60, 120, 240, 480, 960, 1920, 3600]),
        (10, 40, [10, 20, 40]),
    ],
)
def test_delays_double_up_to_the_longest(first: int, longest: int, seconds: list[int]) -> None:
    assert doubling(first * SECOND, longest * SECOND) == tuple(each * SECOND for each in seconds)


def test_not_all_rows_come_due_at_the_same_moment() -> None:
    policy = RetryPolicy(delays=(MINUTE,), jitter=JITTER)
    found = {policy.delay(1) for _ in range(100)}

    assert len(found) > 50
    assert 0.8 * MINUTE <= min(found) < MINUTE < max(found) <= 1.2 * MINUTE <= policy.longest


@given(failures=strategies.integers(1, 50), asked=strategies.timedeltas(SECOND, DAY))
def test_what_a_peer_asks_for_is_never_cut_short_and_never_beyond_the_longest(failures: int, asked: timedelta) -> None:
    policy = RetryPolicy(delays=doubling(30 * SECOND, HOUR), jitter=JITTER, longest_asked=DAY)

    assert max(asked, 0.8 * 30 * SECOND) <= policy.delay(failures, asked=asked) <= policy.longest


@pytest.mark.parametrize(
    "policy",
    [
        {"delays": ()},
        {"delays": (SECOND, timedelta(0))},
        {"delays": (SECOND,), "jitter": (0.0, 1.0)},
        {"delays": (SECOND,), "jitter": (1.2, 0.8)},
    ],
)
def test_a_policy_that_would_not_wait_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        RetryPolicy(**policy)


# Giving up


def test_it_is_given_up_after_so_many_attempts() -> None:
    policy = RetryPolicy(delays=(SECOND,), max_attempts=3)

    assert [policy.gives_up(attempts=attempts, since=timezone.now() - YEAR) for attempts in (1, 2, 3, 4)] == [
        False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("age", "is_over"), [(-YEAR, False), (DAY - MINUTE, False), (DAY + MINUTE, True), (YEAR, True)]
)
def test_it_is_given_up_at_an_age(age: timedelta, *, is_over: bool) -> None:
    rows(1, created_at=timezone.now() - age)

    policy = RetryPolicy(delays=(SECOND,), max_age=DAY)
    assert policy.gives_up(attempts=1000, since=the_row().created_at) is is_over
    assert Row.objects.filter(policy.too_old("created_at")).exists() is is_over


def test_without_a_bound_it_is_never_given_up() -> None:
    rows(1, created_at=timezone.now() - 10 * YEAR)
    policy = RetryPolicy(delays=(SECOND,))

    assert not policy.gives_up(attempts=10**6, since=the_row().created_at)
    assert not Row.objects.filter(policy.too_old("created_at")).exists()


# Claims


def test_a_row_that_is_inserted_by_sql_is_due_at_once_and_free() -> None:
    rows(1)

    row = the_row()
    assert (row.attempts, row.leased_until, row.failures, row.paused_until) == (0, None, 0, None)
    assert is_about(row.next_attempt_at, timedelta(0))
    assert is_about(row.created_at, timedelta(0))
    assert claim() == (row.pk, 1)


def test_many_workers_claim_each_row_once() -> None:
    rows(40)

    def work() -> list[tuple[int, int]]:
        return list(iter(claim, None))

    claimed = [one for found in together(*[work] * 6) for one in found]

    assert sorted(claimed) == [(pk, 1) for pk in Row.objects.order_by("pk").values_list("pk", flat=True)]
    assert claim() is None


def test_the_row_that_has_been_due_longest_comes_first_and_what_is_excluded_never() -> None:
    rows(3)
    old, silent, new = Row.objects.order_by("pk").values_list("pk", flat=True)
    Row.objects.filter(pk=old).update(next_attempt_at=timezone.now() - HOUR)
    Row.objects.filter(pk=silent).update(next_attempt_at=timezone.now() - DAY, detail="silent")

    assert [claim("silent"), claim("silent"), claim("silent")] == [(old, 1), (new, 1), None]


def test_a_row_that_another_transaction_holds_is_skipped(servers: Servers) -> None:
    rows(2)
    with psycopg.connect(servers.runtime_url) as other:
        (held,) = other.execute(f"SELECT min(id) FROM {TABLE}".encode()).fetchone() or (0,)
        other.execute(f"SELECT FROM {TABLE} WHERE id = %s FOR UPDATE".encode(), [held])

        assert claim() not in {None, (held, 1)}
        assert claim() is None
    assert claim() == (held, 1)


@pytest.mark.process
@pytest.mark.parametrize(("when", "is_held"), [("claiming", False), ("claimed", True)])
def test_the_row_of_a_killed_worker_is_free_when_its_lease_ends(servers: Servers, when: str, *, is_held: bool) -> None:
    rows(1)
    with psycopg.connect(servers.runtime_url) as database:
        statement = psycopg.ClientCursor(database).mogrify(CLAIM.encode(), parameters())
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, servers.runtime_url, when, statement], capture_output=True, check=False
    )
    assert (killed.returncode, int(killed.stdout)) == (-9, the_row().pk)

    if is_held:
        assert claim() is None
        assert not Row.objects.filter(LEASE.free()).exists()
        Row.objects.update(leased_until=timezone.now())
        assert Row.objects.filter(LEASE.free()).exists()
    assert claim() == (the_row().pk, 2 if is_held else 1)


def test_who_was_overtaken_writes_nothing() -> None:
    """The claim's number is the fencing token: a worker that stood still for longer than its lease has lost the row."""
    rows(1)
    slow = claim()
    Row.objects.update(leased_until=timezone.now())
    quick = claim()
    assert slow
    assert quick
    before = the_row()

    assert not put_off(slow)
    assert (the_row().leased_until, the_row().next_attempt_at) == (before.leased_until, before.next_attempt_at)
    assert put_off(quick)


def test_a_row_that_is_put_off_is_free_and_due_after_the_delay() -> None:
    rows(1)
    claimed = claim()
    assert claimed
    assert put_off(claimed, delay=5 * MINUTE)

    row = the_row()
    assert (row.leased_until, row.detail) == (None, "away")
    assert is_about(row.next_attempt_at, 5 * MINUTE)
    assert claim() is None
    Row.objects.update(next_attempt_at=timezone.now())
    assert claim() == (row.pk, 2)


def test_a_row_that_is_over_is_not_put_off() -> None:
    rows(1)
    claimed = claim()
    assert claimed
    Row.objects.update(next_attempt_at=None)

    assert not put_off(claimed)
    assert not Row.objects.filter(WAITING).exists()
    assert claim() is None


def test_an_attempt_is_counted_before_it_begins() -> None:
    rows(1, attempts=2)
    the_row().begin_attempt(POLICY)

    assert the_row().attempts == 3
    assert is_about(the_row().next_attempt_at, MINUTE)
    assert not Row.objects.filter(POLICY.due()).exists()


def test_when_a_peer_is_well_again_what_waits_for_it_is_due() -> None:
    rows(3, next_attempt_at=timezone.now() + HOUR)
    over, *_ = Row.objects.order_by("pk").values_list("pk", flat=True)
    Row.objects.filter(pk=over).update(next_attempt_at=None)
    wake(Row.objects.all())

    assert Row.objects.filter(POLICY.due()).count() == 2
    assert Row.objects.exclude(WAITING).count() == 1


# Clocks

AHEAD = [
    (-YEAR, True), (-SECOND, True), (MINUTE, False), (HOUR - SECOND, False), (HOUR + 5 * MINUTE, True), (YEAR, True),
]  # fmt: skip


@pytest.mark.parametrize(("ahead", "is_due"), AHEAD)
def test_no_row_waits_longer_than_the_policy_can_have_it_wait(ahead: timedelta, *, is_due: bool) -> None:
    rows(1, next_attempt_at=timezone.now() + ahead)

    assert Row.objects.filter(POLICY.due()).exists() is is_due
    assert bool(fetch_all(f"SELECT 1 FROM {TABLE} WHERE {IS_DUE}", POLICY.given())) is is_due


@pytest.mark.parametrize(("ahead", "is_free"), AHEAD)
def test_nobody_holds_a_row_for_longer_than_a_lease(ahead: timedelta, *, is_free: bool) -> None:
    lease = Lease(HOUR)
    rows(1, leased_until=timezone.now() + ahead)

    assert Row.objects.filter(lease.free()).exists() is is_free
    assert bool(fetch_all(f"SELECT 1 FROM {TABLE} WHERE NOT {IS_LEASED}", lease.given())) is is_free


@pytest.mark.parametrize(("ahead", "is_awake"), AHEAD)
def test_no_peer_rests_longer_than_the_policy_can_have_it_rest(ahead: timedelta, *, is_awake: bool) -> None:
    rows(1, paused_until=timezone.now() + ahead)

    assert Row.objects.filter(POLICY.awake()).exists() is is_awake
    assert POLICY.waits(the_row().paused_until) is not is_awake
    Row.objects.update(paused_until=None)
    assert Row.objects.filter(POLICY.awake()).exists()
    assert not POLICY.waits(the_row().paused_until)


@pytest.mark.parametrize("how", ["model", "statement"])
def test_the_age_of_a_row_from_the_future_counts_from_its_next_attempt(how: str) -> None:
    rows(1, created_at=timezone.now() + YEAR)
    if how == "model":
        the_row().begin_attempt(POLICY)
    else:
        claimed = claim()
        assert claimed
        assert put_off(claimed)

    assert is_about(the_row().created_at, timedelta(0))


# Health


def fail_by_model() -> None:
    row = the_row()
    row.note_failure()
    row.rest(POLICY)
    row.save()


def fail_by_statement() -> None:
    change(f"UPDATE {TABLE} SET {NOTE_FAILURE}, {END_LEASE}", POLICY.given())


@pytest.mark.parametrize("fail", [fail_by_model, fail_by_statement])
def test_a_peer_rests_longer_after_each_failure_and_is_forgiven_at_once(fail: Any) -> None:
    rows(1)
    for failures, seconds in enumerate([15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600], start=1):
        fail()
        assert the_row().failures == failures
        assert is_about(the_row().paused_until, seconds * SECOND)
    assert is_about(the_row().failing_since, timedelta(0))

    change(f"UPDATE {TABLE} SET {NOTE_SUCCESS}", [])
    by_statement = the_row()
    fail()
    by_model = the_row()
    by_model.note_success()
    for row in (by_statement, by_model):
        assert (row.failures, row.failing_since, row.paused_until) == (0, None, None)


@pytest.mark.parametrize("fail", [fail_by_model, fail_by_statement])
@pytest.mark.parametrize(("since", "kept"), [(-HOUR, -HOUR), (YEAR, timedelta(0))])
def test_it_is_kept_since_when_a_peer_fails_unless_that_lies_ahead(
    fail: Any, since: timedelta, kept: timedelta
) -> None:
    rows(1, failing_since=timezone.now() + since)
    fail()

    assert is_about(the_row().failing_since, kept)


def test_a_failure_alone_lets_no_peer_rest() -> None:
    rows(1)
    row = the_row()
    row.note_failure()
    row.save()

    assert Row.objects.filter(POLICY.awake() & Q(failures=1)).exists()
