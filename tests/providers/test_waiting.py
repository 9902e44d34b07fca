"""A provider that hangs occupies only a few threads, and cached documents stay usable.

Limits must be checked before a wait, not after it, and the number of waiting threads must be bounded.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers import cached_document
from providers.forced_fetches import BURST, EVERY, ForcedFetches
from providers.metadata import Issuer, Keys
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient
from providers.waiting import SEATS, WaitPolicy
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.support.together import together
from tests.support.waiting import until

NewIssuer = Callable[[], Issuer]
STRANGER = WaitPolicy(patience=0.3, reserve=1)


@pytest.fixture
def new_issuer(providers: Sandbox) -> Iterator[NewIssuer]:
    """Issuers as other processes would have them: each with its own memory, sharing Redis."""
    made: list[Issuer] = []

    def make() -> Issuer:
        made.append(Issuer(providers.world.issuer(Provider.GOOGLE), UpstreamClient("test")))
        return made[-1]

    yield make
    for issuer in made:
        issuer.upstream.close()


def ended(act: Callable[[], Keys | None]) -> tuple[str, float]:
    """Return how the call ended and how many seconds it took."""
    began = time.monotonic()
    try:
        found = act()
    except SignInRefused as refused:
        return str(refused.reason.value), time.monotonic() - began
    return "keys" if found else "none", time.monotonic() - began


def hung(providers: Sandbox, issuer: Issuer) -> Keys:
    """Load an issuer's keys, let the issuer hang from now on, and return the keys."""
    seen = issuer.keys
    providers.set_fault("google", "jwks_hang")
    providers.forget_requests()
    return seen


@pytest.mark.slow
@pytest.mark.promise(53, 96)
def test_while_one_thread_fetches_two_wait_and_the_others_are_refused_at_once(
    providers: Sandbox, new_issuer: NewIssuer
) -> None:
    issuer = new_issuer()
    seen = hung(providers, issuer)
    asked = issuer.asked_by(STRANGER)
    with ThreadPoolExecutor(12) as pool:
        waiting: list[Future[tuple[str, float]]] = [
            pool.submit(ended, lambda: asked.newer_keys(seen)) for _ in range(12)
        ]
        until(lambda: sum(one.done() for one in waiting) >= 12 - 1 - SEATS, seconds=4)
        known = ended(lambda: issuer.keys)
        results = [one.result() for one in waiting]

    quick = [seconds for reason, seconds in results if reason == "provider_busy"]
    assert len(quick) == 12 - 1 - SEATS
    assert max(quick) < 2
    assert sorted(reason for reason, _ in results if reason != "provider_busy") == ["provider_unreachable"] * 3
    assert max(seconds for _, seconds in results) < 8
    assert known[0] == "keys", "what is known serves, whoever waits for more"
    assert known[1] < 0.5
    assert providers.counts("google")["jwks"] == 1


@pytest.mark.promise(53, 96)
def test_a_failed_fetch_counts_for_every_process(providers: Sandbox, new_issuer: NewIssuer) -> None:
    one, other = new_issuer(), new_issuer()
    seen = one.keys, other.keys
    providers.set_fault("google", "jwks_500")
    providers.forget_requests()

    first = ended(lambda: one.newer_keys(seen[0]))
    again = [ended(lambda: one.newer_keys(seen[0])), ended(lambda: other.newer_keys(seen[1]))]
    assert [reason for reason, _ in [first, *again]] == ["provider_answer_invalid"] * 3
    assert max(seconds for _, seconds in again) < 0.5
    assert providers.counts("google")["jwks"] == 1


@pytest.mark.promise(12)
def test_a_process_that_cannot_reach_a_provider_stops_the_others_only_for_seconds(
    providers: Sandbox, new_issuer: NewIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One machine behind a broken firewall must not convince all the others that the provider is down."""
    walled, well = new_issuer(), new_issuer()
    seen = well.keys
    monkeypatch.setattr(cached_document, "OWN_TRY_EVERY", 0.2)

    def told_again() -> bool:
        cached_document._share_failure(f"jwks:{walled.url}", SignInRefused(RefusalReason.PROVIDER_UNREACHABLE))  # noqa: SLF001
        return ended(lambda: well.newer_keys(seen))[0] == "none"

    assert not told_again()
    until(told_again, seconds=5)


@pytest.mark.slow
@pytest.mark.promise(12)
def test_an_old_copy_is_used_at_once_while_the_provider_hangs(
    providers: Sandbox, new_issuer: NewIssuer, time_machine: Any
) -> None:
    issuer = new_issuer()
    seen = hung(providers, issuer)
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=cached_document.FRESH_FOR + 1))
    first = ended(lambda: issuer.keys)

    took = [ended(lambda: issuer.keys) for _ in range(5)]
    assert issuer.keys is seen
    assert {reason for reason, _ in [first, *took]} == {"keys"}
    assert max(seconds for _, seconds in took) < 0.5


@pytest.mark.promise(53, 96)
def test_a_caller_that_may_not_force_a_fetch_does_not_wait(providers: Sandbox, new_issuer: NewIssuer) -> None:
    issuer = new_issuer()
    seen = hung(providers, issuer)
    asked = issuer.asked_by(WaitPolicy(may_force=lambda: False))
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(ended, lambda: issuer.newer_keys(seen))
        until(lambda: providers.counts("google")["jwks"], seconds=3)
        reason, seconds = ended(lambda: asked.newer_keys(seen))
        providers.clear_faults()
        fetching.result()

    assert (reason, seconds < 0.5) == ("none", True)


@pytest.mark.promise(10)
def test_two_key_rotations_in_a_row_both_take_effect_at_once(providers: Sandbox, new_issuer: NewIssuer) -> None:
    """A fixed pause between two fetches would refuse valid tokens; only a flood may be delayed."""
    issuer = new_issuer()
    for _ in range(2):
        seen = issuer.keys
        key_id = providers.rotate_keys("google", withdraw=True)
        newer = issuer.newer_keys(seen)
        assert newer
        assert set(newer.by_id) == {key_id}


@pytest.mark.promise(10)
def test_strangers_leave_one_forced_fetch_for_sign_ins(providers: Sandbox, new_issuer: NewIssuer) -> None:
    issuer = new_issuer()
    for _ in range(12):
        issuer.asked_by(STRANGER).newer_keys(issuer.keys)
    seen, key_id = issuer.keys, providers.rotate_keys("google", withdraw=True)

    assert issuer.asked_by(STRANGER).newer_keys(seen) is None
    newer = issuer.newer_keys(seen)
    assert newer
    assert set(newer.by_id) == {key_id}


@pytest.mark.promise(11)
@pytest.mark.parametrize("is_away", [False, True])
def test_a_flood_causes_a_burst_of_fetches_and_then_a_slow_rate(
    providers: Sandbox, cache_away: Callable[[], None], time_machine: Any, *, is_away: bool
) -> None:
    now = datetime.now(UTC)
    time_machine.move_to(now, tick=False)
    bucket = ForcedFetches("jwks:https://issuer.example")
    if is_away:
        cache_away()

    assert [bucket.take() for _ in range(12)].count(True) == BURST
    for turn in range(1, 3):
        time_machine.move_to(now + timedelta(seconds=turn * EVERY), tick=False)
        assert [bucket.take(reserve=1), bucket.take(), bucket.take()] == [False, True, False]
    time_machine.move_to(now - timedelta(days=1), tick=False)
    assert bucket.take(), "a clock that is set right stops nothing"


@pytest.mark.promise(11)
def test_twelve_unknown_keys_at_once_over_two_processes_cost_few_fetches(
    providers: Sandbox, new_issuer: NewIssuer
) -> None:
    processes = [new_issuer(), new_issuer()]
    seen = [issuer.keys for issuer in processes]
    providers.forget_requests()
    acts = [lambda turn=turn: ended(lambda: processes[turn % 2].newer_keys(seen[turn % 2])) for turn in range(12)]
    together(*acts)

    assert providers.counts("google")["jwks"] <= 6
