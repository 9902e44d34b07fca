"""Back-off, jitter, leases and giving up are in one module, and each engine keeps its figures (ADR 45)."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.bulk import running as bulk
from config.variables import CHECKOUT
from jobs.deferred import worker
from jobs.retry import RetryPolicy
from providers.revocation import running as revocation
from providers.vault import rows as vault
from tests.support.product import PACKAGES
from webhooks import running as webhooks

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

ENGINE = "jobs/retry.py"
COLUMNS = {
    "attempts", "tries", "next_attempt_at", "next_try_at", "retry_at", "leased_until", "claimed_until", "locked_until",
    "failures", "failing_since", "paused_until",
}  # fmt: skip
MOMENTS = "next_attempt_at|leased_until|paused_until"
CONSTANT = re.compile(r"(^|_)(PAUSES?|BACK_?OFFS?|LEASES?|GIVEN?_UP|RETRIES|RESTS?|JITTER|SPREAD)(_|$)")
LOOKUP = re.compile(rf"^({MOMENTS})__(lt|lte|gt|gte|range)$")
# A row that is over has no next attempt: `next_attempt_at = NULL` is no judgement.
IN_SQL = re.compile(
    rf"\b({MOMENTS}|failing_since)\s*(=(?!\s*NULL)|[<>]|(NOT\s+)?BETWEEN)"
    r"|\b(leased_until\s*=|(attempts|failures)\s*=\s*\w)|\bpower\s*\(|\b2\s*\^"
)
VALUES = {"Lease", "RetryPolicy"}  # the engine's own values, which a module names once

# What looks like it and is none of it: by file and by the function, class or name around it.
OTHERS = {
    "accounts/models/domain.py Domain": "since when the record of a domain is missing; nothing is retried",
    "accounts/models/mailed_code.py MailedCode": "how often a person typed a wrong code; nothing is retried",
    "accounts/sign_in/login_throttle.py COUNT_ATTEMPT": "how long a person waits after wrong ones, in Redis (ADR 8)",
    "accounts/sign_in/mailed_codes.py _tried": "the same wrong codes, counted",
    "audit/stream.py PAUSE": "how often a command looks for new entries",
    "authserver/logout/notices.py PAUSE": "how often an idle sender looks for notices of other tenants",
    "config/embedded/supervisor.py LONGEST_PAUSE": "a process of a checkout that is started again; no row",
    "config/settings/storage.py CELERY_BROKER_CONNECTION_MAX_RETRIES": "a setting of Celery",
    "console/overview/counting.py GIVEN_UP_FOR": "how long numbers that cannot be counted are left alone, in the cache",
    "console/overview/counting.py PAUSE": "how often what is slow is counted",
    "foundation/lock_timeout.py REST": "between two tries of a migration to get its lock; no row",
    "jobs/models.py DeferredTask": "the engine's column, due half a minute after the message was sent",
    "jobs/purging/slices.py Size": "how many rows a statement of the purge takes on",
    "providers/revocation/outbox.py GIVEN_UP_FOR": "how long a row that is over can be looked at",
}


@pytest.mark.slow
def test_only_the_engine_says_when_to_retry_who_holds_a_row_and_when_it_is_given_up() -> None:
    """The kind: a sixth engine, with delays, a lease and a way of giving up of its own."""
    assert {place for place in _places() if place not in OTHERS} == set()


@pytest.mark.slow
def test_what_is_listed_is_there() -> None:
    assert set(OTHERS) - set(_places()) == set()


def test_the_search_finds_the_engine() -> None:
    found = set(_in_python(CHECKOUT / ENGINE))

    assert {"JITTER", "doubling", "Retryable", "Leased", "Peer", "NOTE_FAILURE", "claiming"} <= found


@pytest.mark.parametrize(
    "code",
    [
        "def f(n): return min(15 * 2 ** n, 600)",
        "def f(pause): return min(pause * 2, 600)",
        "import random",
        "from random import uniform",
        "FIRST_PAUSE = 15",
        "LEASE: timedelta = timedelta(seconds=30)",
        "LEASE, GIVEN_UP = timedelta(seconds=30), timedelta(days=1)",
        "class Row(models.Model): leased_until = models.DateTimeField(null=True)",
        "class Row(models.Model): tries = models.PositiveIntegerField(default=0)",
        "rows.filter(next_attempt_at__lte=now)",
        "rows.filter(**{'leased_until__gt': now})",
        "def f(row): return row.next_attempt_at <= now",
        "def f(row): row.failures += 1",
        "rows.update(attempts=F('attempts') + 1)",
        "CLAIM = 'UPDATE t SET leased_until = now() WHERE id = 1'",
        "CLAIM = 'SELECT id FROM t WHERE next_attempt_at < now() FOR UPDATE SKIP LOCKED'",
        "FAIL = 'UPDATE t SET failures = failures + 1'",
        "FAIL = 'SELECT least(15 * power(2, failures), 3600)'",
        "FAIL = f'UPDATE {t} SET paused_until = {later}'",
    ],
)
def test_the_search_finds_what_it_is_for(code: str, tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(code)

    assert list(_in_python(file))


@pytest.mark.parametrize(
    "code",
    [
        "LEASE = Lease(timedelta(seconds=30))",
        "RETRIES = RetryPolicy(delays=(DAY,))",
        "rows.filter(RETRIES.due())",
        "END = 'UPDATE t SET next_attempt_at = NULL'",
        "def f(row): return row.next_attempt_at is None",
        '"""What is given up, after 2 ^ 3 attempts."""',
        "class State(TextChoices): GIVEN_UP = 'given_up'",
    ],
)
def test_the_search_leaves_alone_what_uses_the_engine(code: str, tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(code)

    assert list(_in_python(file)) == []


@pytest.mark.parametrize(
    ("policy", "seconds", "jitter", "most", "age"),
    [
        (worker.RETRIES, [15, 30, 60, 120, 240, 480, 600, 600], (1, 1), None, DAY),
        (revocation.RETRIES, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600], (0.8, 1.2), None, 7 * DAY),
        (webhooks.RETRIES, [30, 300, 1800, 7200, 18_000, 28_800, 36_000], (0.8, 1.2), 8, None),
        (webhooks.RESTS, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600], (0.8, 1.2), None, 5 * DAY),
        (bulk.RETRIES, [60, 60], (1, 1), None, DAY),
        (vault.RESTS, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600], (1, 1), None, None),
    ],
    ids=["deferred tasks", "revocation", "messages", "receivers", "bulk actions", "vault"],
)
def test_each_engine_waits_and_gives_up_as_it_is_documented(
    policy: RetryPolicy, seconds: list[int], jitter: tuple[float, float], most: int | None, age: timedelta | None
) -> None:
    low, high = jitter
    for failures, expected in enumerate(seconds, start=1):
        assert low * expected * SECOND <= policy.delay(failures) <= high * expected * SECOND
    assert (policy.max_attempts, policy.max_age) == (most, age)


def test_each_engine_s_lease_is_as_long_as_it_is_documented() -> None:
    assert (revocation.LEASE.lasts, vault.LEASE.lasts, bulk.LEASE.lasts) == (30 * SECOND, 20 * SECOND, MINUTE)


def _places() -> Iterator[str]:
    for folder in PACKAGES:
        for file in sorted((CHECKOUT / folder).rglob("*.py")):
            name = str(file.relative_to(CHECKOUT))
            if name != ENGINE and "/migrations/" not in name:
                yield from (f"{name} {around}".strip() for around in _in_python(file))


def _in_python(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for statement in tree.body:
        around = _names(statement)
        for name in around:
            if CONSTANT.search(name) and not _is_the_engine_s(statement):
                yield name
        for node in ast.walk(statement):
            if id(node) not in docstrings and (_is_arithmetic(node) or _is_of_rows(node)):
                yield around[0] if around else ""


def _names(statement: ast.stmt) -> list[str]:
    """Return what a statement at a module's top defines."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]


def _is_the_engine_s(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    return not isinstance(statement, ast.Assign | ast.AnnAssign) or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in VALUES
    )


def _is_arithmetic(node: ast.AST) -> bool:
    """Whether something doubles, or is left to chance."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _is_two(node.left) and not isinstance(node.right, ast.Constant)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "min":
        return any(isinstance(each, ast.BinOp) and _doubles(each) for each in node.args)
    if isinstance(node, ast.While):
        return any(isinstance(each, ast.BinOp) and _doubles(each) for each in ast.walk(node))
    if isinstance(node, ast.Import):
        return any(alias.name == "random" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "random"


def _doubles(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Mult) and (_is_two(node.left) or _is_two(node.right))


def _is_two(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 2


def _is_of_rows(node: ast.AST) -> bool:
    """Whether a column of the engine is defined, compared, counted or written."""
    if isinstance(node, ast.ClassDef):
        return any(name in COLUMNS and isinstance(each, ast.Assign) for each in node.body for name in _names(each))
    if isinstance(node, ast.keyword | ast.Constant):
        text = node.arg if isinstance(node, ast.keyword) else node.value
        return isinstance(text, str) and bool(LOOKUP.search(text) or IN_SQL.search(text))
    if isinstance(node, ast.Compare):
        is_order = any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops)
        return is_order and any(_is_column(each, MOMENTS.split("|")) for each in (node.left, *node.comparators))
    if isinstance(node, ast.AugAssign):
        return _is_column(node.target, ["attempts", "failures"])
    if isinstance(node, ast.Call):
        return (
            isinstance(node.func, ast.Name) and node.func.id == "F" and any(_names_a_column(each) for each in node.args)
        )
    return False


def _names_a_column(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in COLUMNS


def _is_column(node: ast.AST, names: list[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names
