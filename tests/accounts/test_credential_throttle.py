"""The throttle for wrong credentials of the API: it slows guesses down, and locks nobody out (ADR 63)."""

from collections import Counter
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import cache

from accounts.sign_in import credential_throttle, rate_limits
from accounts.sign_in.credential_throttle import OF_IP_ADDRESS, OF_PAIR, OF_PUBLIC_PART, CredentialsThrottled
from audit.context import acting
from audit.models import Entry
from foundation.windows import Windows
from tests.support.together import together

pytestmark = pytest.mark.django_db

GUESSER, OWNER = "203.0.113.7", "198.51.100.1"
KEY = "k3y1d"


@pytest.fixture(autouse=True)
def _new(monkeypatch: pytest.MonkeyPatch, time_machine: Any) -> None:
    """Begin a minute, which does not end during the test, in a process that knows nothing."""
    cache.clear()
    another_process(monkeypatch)
    time_machine.move_to(1_796_000_400)


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_throttle, "FULL", Windows())
    monkeypatch.setattr(rate_limits, "HERE", Windows())


def wrong(public_part: str = KEY, *, address: str = GUESSER) -> str:
    """Send a wrong credential, and return what comes of it."""
    with acting(ip_address=address):
        try:
            credential_throttle.check(public_part)
        except CredentialsThrottled:
            return "not checked"
        try:
            credential_throttle.count_failure(public_part)
        except CredentialsThrottled:
            return "throttled"
        return "refused"


def is_checked(public_part: str = KEY, *, address: str) -> bool:
    with acting(ip_address=address):
        try:
            credential_throttle.check(public_part)
        except CredentialsThrottled:
            return False
        return True


def counted(use: Callable[[int], str], times: int) -> Counter[str]:
    return Counter(use(number) for number in range(times))


def test_guesses_at_one_key_from_one_address_are_soon_not_checked() -> None:
    assert counted(lambda _: wrong(), 40) == {"refused": OF_PAIR.most, "throttled": 1, "not checked": 29}
    assert is_checked("another key", address=GUESSER), "one stale key in an office does not stop the others"
    assert is_checked(address=OWNER)


def test_guesses_at_many_keys_from_one_address_are_not_checked() -> None:
    found = counted(lambda number: wrong(f"key {number}"), OF_IP_ADDRESS.most + 20)
    assert found == {"refused": OF_IP_ADDRESS.most, "throttled": 1, "not checked": 19}
    assert not is_checked("another key", address=GUESSER)
    assert is_checked("key 1", address=OWNER)


def test_credentials_without_a_public_part_count_for_their_address() -> None:
    assert counted(lambda _: wrong(""), OF_IP_ADDRESS.most + 2)["refused"] == OF_IP_ADDRESS.most


def test_an_address_of_ipv6_is_its_network() -> None:
    found = counted(lambda number: wrong(address=f"2001:db8::{number + 1:x}"), 20)
    assert found["refused"] == OF_PAIR.most
    assert is_checked(address="2001:db8:0:1::1")


def test_guesses_from_many_addresses_never_keep_the_owner_out() -> None:
    found = counted(lambda number: wrong(address=f"192.0.2.{number}"), 200)
    assert found == {"refused": OF_PUBLIC_PART.most, "throttled": 150}
    assert is_checked(address=OWNER)
    (entry,) = Entry.objects.filter(action="rate_limit.exceeded")
    assert entry.details == {"kind": "api_failures.public_part", "limit": OF_PUBLIC_PART.most, "seconds": 60}


def test_another_process_learns_it_with_the_first_wrong_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    counted(lambda _: wrong(), 20)
    another_process(monkeypatch)
    assert [wrong(), wrong()] == ["throttled", "not checked"]


@pytest.mark.django_db(transaction=True)
def test_of_many_concurrent_guesses_no_more_are_refused_as_wrong() -> None:
    found = Counter(together(*[wrong] * 30))
    assert found["refused"] == OF_PAIR.most
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1


def test_networks_without_limits_are_throttled_too(settings: Any) -> None:
    settings.RATE_LIMITS_EXEMPT = [ip_network("203.0.113.0/24")]
    assert counted(lambda _: wrong(), 20)["refused"] == OF_PAIR.most


def test_the_next_window_begins_from_zero(time_machine: Any) -> None:
    counted(lambda _: wrong(), 20)
    with acting(ip_address=GUESSER), pytest.raises(CredentialsThrottled) as raised:
        credential_throttle.check(KEY)
    assert 0 < raised.value.seconds <= 61
    time_machine.move_to(1_796_000_400 + raised.value.seconds)
    assert wrong() == "refused"


@pytest.mark.promise(79)
def test_without_redis_each_process_counts_by_itself(cache_away: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache_away()
    assert counted(lambda _: wrong(), 20)["refused"] == OF_PAIR.most
    assert is_checked(address=OWNER)
    another_process(monkeypatch)
    assert wrong() == "refused"


def test_right_credentials_cost_no_call_to_redis() -> None:
    redis: Any = cache.redis()  # type: ignore[attr-defined]  # our own backend's method
    redis.info()  # so that this command is among those that were called before
    before = redis.info("commandstats")
    assert all(is_checked(address=OWNER) for _ in range(10))
    assert set(redis.info("commandstats")) == set(before)
    assert redis.keys("*") == []
