"""Counting in Redis: exact over processes, closed when Redis is away."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from redis.exceptions import RedisError

from accounts import limits
from accounts.limits import Limit
from tests.together import together

pytestmark = pytest.mark.django_db

FEW = Limit(kind="tests", most=2, seconds=3600)


@pytest.fixture(autouse=True)
def _new() -> None:
    cache.clear()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_so_many_pass() -> None:
    assert (
        sorted(together(*[lambda: limits.take("tests", "a", limit=3, seconds=3600)] * 10)) == [False] * 7 + [True] * 3
    )


def test_kinds_and_keys_are_counted_apart_and_keys_are_not_readable_in_redis() -> None:
    assert limits.take("tests", "ada@example.com", limit=1, seconds=3600)
    assert not limits.take("tests", "ada@example.com", limit=1, seconds=3600)
    assert limits.take("tests", "bob@example.com", limit=1, seconds=3600)
    assert limits.take("others", "ada@example.com", limit=1, seconds=3600)

    names = [name.decode() for name in cache._cache.get_client().scan_iter()]  # type: ignore[attr-defined]  # noqa: SLF001
    assert len(names) == 3
    assert "ada" not in str(names)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_version_six(address: str, client: str) -> None:
    assert limits.client(RequestFactory().get("/", REMOTE_ADDR=address)) == client


def test_without_redis_nothing_passes(cache_away: Any, providers: object) -> None:
    cache_away()
    with pytest.raises(RedisError):
        limits.is_over(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7"), FEW)
