"""The administrators' part of the benchmark, with tiny numbers."""

import sys

import pytest

from tests.bench.small import run_small

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))"),
]


def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    told = run_small("bench.admin", "--people", "400", "--rounds", "1", "--operations", "2")

    assert "a user's page" in told
    assert "Export of 401 people" in told
    assert "Bulk action on 200 people: 200 entries" in told
