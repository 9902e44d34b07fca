"""The trail's part of the benchmark, with tiny numbers."""

import sys

import pytest

from tests.bench.small import run_small

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))"),
]


def test_writes_are_measured_beside_a_full_trail_and_an_empty_one() -> None:
    told = run_small("bench.trail.full", "--entries", "1000", "--rounds", "1", "--bulk-rounds", "1")

    assert "save, personal" in told
    assert "one of 1000 entries" in told
