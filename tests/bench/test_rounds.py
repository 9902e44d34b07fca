"""The statistics of a run."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.rounds import Sample, middle, noise, order, percentile, ratio

SAMPLE = Sample(
    operations=10,
    cpu_ms=5.0,
    cpu_parts={"web": 5.0},
    per_second=100.0,
    p50_ms=1.0,
    p99_ms=9.0,
    provider_busy=0.1,
    client_busy=0.1,
)


def test_every_second_round_goes_backwards() -> None:
    assert order(["ours", "theirs"], 3) == [["ours", "theirs"], ["theirs", "ours"], ["ours", "theirs"]]


def test_a_ratio_is_of_what_was_measured_in_the_same_round() -> None:
    assert ratio([2.0, 40.0, 3.0], [4.0, 80.0, 6.0]) == 0.5
    assert ratio([2.0], []) is None
    assert ratio([2.0], [0.0]) is None


def test_a_slow_round_does_not_change_the_median() -> None:
    samples = [replace(SAMPLE, cpu_ms=cpu) for cpu in (5.0, 90.0, 6.0)]

    assert middle(samples, "cpu_ms") == 6.0


def test_noise_is_the_range_as_a_share_of_the_median() -> None:
    assert noise([9.0, 10.0, 12.0]) == pytest.approx(0.3)
    assert noise([0.0, 0.0]) == 0.0


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_seen(share: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_at_least_that_share_is_not_above_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
