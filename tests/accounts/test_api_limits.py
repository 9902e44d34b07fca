"""The API's rate limits: exact over threads and processes, and what remains is never overstated (ADR 63).

The kind of fault: between reading a count and writing it another request passes, so that more pass than the limit.
"""

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from redis import Redis

from accounts.sign_in import api_limits, shared_permits
from accounts.sign_in.api_limits import take
from accounts.sign_in.limit_verdicts import LimitVerdict
from accounts.sign_in.rate_limits import Limit
from audit.context import acting
from audit.models import Entry
from config.embedded import directories
from config.embedded.programs import any_free_port
from config.embedded.valkey import Valkey
from foundation.permits import FIRST, Permits
from tests.support.takers import taker
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db

HOUR = 3600
STRANGER = "203.0.113.7"


@pytest.fixture(autouse=True)
def _new(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(api_limits, "PERMITS", Permits())
    monkeypatch.setattr(shared_permits, "OUTAGE", shared_permits.Outage())


def limit(most: int, *, kind: str = "tests", seconds: int = HOUR) -> Limit:
    return Limit(kind=kind, most=most, seconds=seconds)


def redis() -> Redis:
    found: Redis = cache.redis()  # type: ignore[attr-defined]  # our own backend's method
    return found


def calls() -> int:
    """Return how many scripts Redis has run."""
    found: Any = redis().info("commandstats")
    return int(found.get("cmdstat_eval", {}).get("calls", 0))


def states(verdict: LimitVerdict) -> dict[str, tuple[int, int]]:
    return {state.limit.kind: (state.remaining, state.reset) for state in verdict.states}


@pytest.mark.parametrize("most", [1, 3, 40, 500])
def test_exactly_the_limit_passes_in_a_window(most: int) -> None:
    found = [take([(limit(most), "a")]) for _ in range(most + 5)]
    assert [verdict.is_within for verdict in found] == [True] * most + [False] * 5
    assert found[-1].exceeded == [limit(most)]
    assert 0 < found[-1].retry_after <= HOUR
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1


@pytest.mark.django_db(transaction=True)
def test_exactly_the_limit_passes_in_many_threads() -> None:
    def use() -> int:
        return sum(take([(limit(300), "a"), (limit(10_000, kind="wide"), "b")]).is_within for _ in range(100))

    assert sum(together(*[use] * 10)) == 300
    (entry,) = Entry.objects.filter(action="rate_limit.exceeded")
    assert entry.details == {"kind": "tests", "limit": 300, "seconds": HOUR}


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_exactly_the_limit_passes_in_several_processes() -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(taker(threads=4, times=200, most=700, seconds=HOUR)) for _ in range(3)]
        for process in processes:
            process.wait_ready()
        for process in processes:
            process.begin()
        assert sum(process.passed() for process in processes) == 700

    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1, "over all processes"


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_no_more_than_the_limit_passes_in_each_window_of_several() -> None:
    """Windows of one second end while processes hold permits, which are then worth nothing."""
    with ExitStack() as stack:
        processes = [stack.enter_context(taker(threads=3, times=300, most=50, seconds=1, pause=0.01)) for _ in range(2)]
        for process in processes:
            process.wait_ready()
        began = time.monotonic()
        for process in processes:
            process.begin()
        passed = sum(process.passed() for process in processes)
        windows = int(time.monotonic() - began) + 2  # that the processes can have touched

    assert 100 <= passed <= 50 * windows


def test_a_request_counts_against_all_of_its_limits_or_against_none() -> None:
    narrow, wide = limit(2, kind="narrow"), limit(50, kind="wide")
    for _ in range(40):
        take([(wide, "office"), (narrow, "key")])
    for number in range(48):
        assert take([(wide, "office"), (narrow, f"key {number}")]).is_within
    verdict = take([(wide, "office"), (narrow, "another")])
    assert verdict.exceeded == [wide]


@pytest.mark.parametrize("seed", range(6))
def test_what_remains_is_never_overstated_in_any_process(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance, processes, passed = random.Random(seed), [Permits() for _ in range(4)], 0  # noqa: S311  # not a secret
    weights = [1, *(chance.random() ** 4 for _ in range(3))]
    for _ in range(900):
        monkeypatch.setattr(api_limits, "PERMITS", chance.choices(processes, weights)[0])
        verdict = take([(limit(600), "a")])
        passed += verdict.is_within
        ((remaining, _),) = states(verdict).values()
        assert remaining <= 600 - passed
    assert passed <= 600
    assert passed > 500, "and few permits are lost in processes that are asked seldom"


def test_a_client_is_told_that_something_remains_as_long_as_it_does() -> None:
    found = [states(take([(limit(200), "a")]))["tests"][0] for _ in range(200)]
    assert all(found[:-1])
    assert found[-1] == 0


def test_a_caller_far_below_its_limits_costs_few_calls_to_redis() -> None:
    before = calls()
    for _ in range(1000):
        assert take([(limit(60_000), "a"), (limit(60_000, kind="client"), "b")]).is_within
    assert calls() - before <= 10


def test_a_refused_client_costs_no_call_to_redis() -> None:
    for _ in range(3):
        take([(limit(2), "a")])
    before = calls()
    assert not any(take([(limit(2), "a")]).is_within for _ in range(50))
    assert calls() == before


def test_the_next_window_is_new_and_forgets_what_was_left() -> None:
    once = limit(3, seconds=1)
    until(lambda: not take([(once, "a")]).is_within, seconds=5)
    until(lambda: take([(once, "a")]).is_within, seconds=5)


def test_the_headers_are_those_of_the_draft() -> None:
    two = [(limit(100, kind="api.credential", seconds=60), "a"), (limit(1, kind="api.client", seconds=HOUR), "b")]
    within = take(two).headers()
    assert within["RateLimit-Policy"] == '"api.credential";q=100;w=60, "api.client";q=1;w=3600'
    credential, client = within["RateLimit"].split(", ")
    assert credential.startswith('"api.credential";r=')
    assert client.startswith('"api.client";r=0;t=')
    assert "Retry-After" not in within
    refused = take(two)
    assert refused.headers()["RateLimit"] == f'"api.client";r=0;t={refused.retry_after}'
    assert 0 < int(refused.headers()["Retry-After"]) == refused.retry_after <= HOUR


def test_clients_in_exempt_networks_have_no_limits(settings: Any) -> None:
    settings.RATE_LIMITS_EXEMPT = [ip_network("203.0.113.0/24")]
    with acting(ip_address=STRANGER):
        found = [take([(limit(1), "a")]) for _ in range(3)]
    assert all(verdict.is_within and verdict.headers() == {} for verdict in found)
    assert redis().keys("*") == []


def test_keys_are_not_readable_in_redis_and_end_with_their_window() -> None:
    take([(limit(5), "ada@example.com")])
    (name,) = redis().keys("*")
    assert b"ada" not in name
    assert HOUR <= redis().ttl(name) <= 2 * HOUR


@pytest.mark.parametrize(
    "wrong", [{"window": "x", "count": "y"}, {"window": "99999999999", "count": "5"}, {"count": "-"}]
)
def test_what_others_wrote_into_redis_causes_no_error(wrong: dict[Any, Any]) -> None:
    take([(limit(5), "a")])
    (name,) = redis().keys("*")
    redis().hset(name, mapping=wrong)
    assert take([(limit(5), "a")]).is_within
    redis().delete(name)
    redis().set(name, "no hash")
    assert take([(limit(5), "a")]).is_within


@pytest.mark.promise(79)
def test_while_redis_is_away_each_process_lets_the_limit_through(cache_away: Any) -> None:
    cache_away()
    two = [(limit(20), "a"), (limit(100, kind="wide"), "b")]
    found = [take(two) for _ in range(25)]
    assert [verdict.is_within for verdict in found] == [True] * 20 + [False] * 5
    assert [states(verdict)["tests"][0] for verdict in found[:20]] == [*range(19, -1, -1)]
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1
    assert sum(take([(limit(100, kind="wide"), "b")]).is_within for _ in range(100)) == 80, "refusals count nothing"


@pytest.mark.promise(79)
def test_a_process_that_loses_redis_meanwhile_lets_no_more_than_the_limit_through(cache_away: Any) -> None:
    for _ in range(FIRST):
        assert take([(limit(200), "a")]).is_within
    cache_away()
    assert sum(take([(limit(200), "a")]).is_within for _ in range(300)) == 200 - FIRST


@pytest.mark.promise(79)
def test_while_redis_is_away_memory_is_bounded(cache_away: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_limits, "PERMITS", Permits(most=10))
    cache_away()
    assert sum(take([(limit(3), f"address {number}")]).is_within for number in range(100)) == 10 + 3


def test_with_more_counters_than_fit_into_memory_the_limits_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_limits, "PERMITS", Permits(most=2))
    for _ in range(30):
        for key in "abcdef":
            take([(limit(20), key)])
    assert not any(take([(limit(20), key)]).is_within for key in "abcdef")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Any]:
    where = directories.find(tmp_path / "state")
    server = Valkey(place=where, port=any_free_port(), password=secrets.token_urlsafe(16), durable=False)
    process = server.start()
    server.wait_ready(process)
    yield server, process
    process.kill()
    process.wait()


@pytest.mark.process
@pytest.mark.promise(79)
@pytest.mark.django_db(transaction=True)
def test_processes_whose_redis_is_killed_go_on_within_their_bound(valkey: Any) -> None:
    server, running = valkey
    with ExitStack() as stack:
        processes = [
            stack.enter_context(taker(threads=3, times=300, most=400, seconds=HOUR, pause=0.005, redis_url=server.url))
            for _ in range(2)
        ]
        for process in processes:
            process.wait_ready()
        for process in processes:
            process.begin()
        until(lambda: _count(server) > 100, seconds=20)
        running.kill()
        running.wait()
        passed = [process.passed() for process in processes]

    assert sum(passed) > 400, "they go on"
    assert max(passed) <= 400, "each within the limit"


def _count(server: Valkey) -> int:
    with Redis.from_url(server.url) as client:
        return sum(int(client.hget(name, "count") or 0) for name in client.keys("*tests.credential*"))
