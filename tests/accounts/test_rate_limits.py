"""Rate limits: exact across processes, and refusing everything while Redis is unreachable."""

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.rate_limits import Limit, TooOften
from audit.context import acting
from audit.events import Event
from config.variables import CHECKOUT
from tests.support.product import PACKAGES
from tests.support.together import together

pytestmark = pytest.mark.django_db

FEW = Limit(kind="tests", most=2, seconds=3600)


@pytest.fixture(autouse=True)
def _new() -> None:
    cache.clear()


@pytest.mark.django_db(transaction=True)
def test_of_many_concurrent_calls_exactly_the_limit_passes() -> None:
    assert (
        sorted(together(*[lambda: rate_limits.count("tests", "a", limit=3, seconds=3600)] * 10))
        == [False] * 7 + [True] * 3
    )


def test_kinds_and_keys_have_separate_counters_and_keys_are_not_readable_in_redis() -> None:
    assert rate_limits.count("tests", "ada@example.com", limit=1, seconds=3600)
    assert not rate_limits.count("tests", "ada@example.com", limit=1, seconds=3600)
    assert rate_limits.count("tests", "bob@example.com", limit=1, seconds=3600)
    assert rate_limits.count("others", "ada@example.com", limit=1, seconds=3600)

    names = [name.decode() for name in cache._cache.get_client().scan_iter()]  # type: ignore[attr-defined]  # noqa: SLF001
    assert len(names) == 3
    assert "ada" not in str(names)


@pytest.mark.parametrize(
    ("address", "other", "is_one"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        (None, None, True),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(
    address: str | None, other: str | None, *, is_one: bool
) -> None:
    once = Limit(kind="tests", most=1, seconds=3600)
    with acting(ip_address=address):
        assert not rate_limits.is_over(once)
    with acting(ip_address=other):
        assert rate_limits.is_over(once) is is_one


def test_an_exceeded_limit_names_itself() -> None:
    for _ in range(FEW.most):
        rate_limits.check(FEW, "a")
    with pytest.raises(TooOften) as reached:
        rate_limits.check(FEW, "a")

    assert reached.value.limit == FEW


def test_without_redis_nothing_passes(cache_away: Any, providers: object) -> None:
    cache_away()
    with acting(ip_address="203.0.113.7"), pytest.raises(RedisError):
        rate_limits.is_over(FEW)


@contextmanager
def emptied_all_the_time() -> Iterator[None]:
    """Flush Redis between any two commands. Counters may start over meanwhile."""
    done = threading.Event()

    def empty() -> None:
        while not done.is_set():
            cache.clear()

    threads = [threading.Thread(target=empty) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.promise(79)
@pytest.mark.parametrize(
    "use",
    [
        lambda: rate_limits.count("tests", "a", limit=10_000, seconds=3600),
        rate_limits.may_leave_entry,
        lambda: login_throttle.reset(_throttled()),
    ],
    ids=["a limit", "the trail", "the throttle"],
)
def test_emptying_the_cache_meanwhile_causes_no_error(use: Callable[[], object]) -> None:
    """The kind of bug: a key is set, and then assumed to exist. Flushing the cache in between caused a 500."""
    with emptied_all_the_time():
        for _ in range(400):
            use()


def test_a_count_ends_with_its_window() -> None:
    rate_limits.count("tests", "a", limit=1, seconds=60)
    (name,) = cache._cache.get_client().keys("*")  # type: ignore[attr-defined]  # noqa: SLF001
    assert 60 <= cache._cache.get_client().ttl(name) <= 120  # type: ignore[attr-defined]  # noqa: SLF001


def test_no_code_relies_on_a_key_being_in_the_cache() -> None:
    """Django's ``incr`` and similar methods raise ValueError if the key does not exist, and it can vanish any time."""
    needing = {"incr", "decr", "incr_version", "decr_version", "touch"}
    found = [
        f"{path.relative_to(CHECKOUT)}:{node.lineno}"
        for app in PACKAGES
        for path in Path(CHECKOUT, app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in needing
        if isinstance(node.value, ast.Name) and node.value.id in {"cache", "caches"}
    ]
    assert found == []


def _throttled() -> list[login_throttle.AttemptCounter]:
    counters = login_throttle.for_account(None, "ada")
    login_throttle.count_attempt_quietly(counters, event=Event.SIGN_IN_REFUSED)
    return counters
