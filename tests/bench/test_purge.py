"""The purge's benchmark, with tiny numbers."""

import sys

import pytest

from tests.bench.small import run_small

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))"),
]


def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    told = run_small("bench.purge", "--expired", "2000", "--live", "400", "--rounds", "1")

    for figure in ("time of a purge", "longest statement", "sign-in p99 meanwhile", "memory of the process"):
        assert f"| 12 | {figure} " in told
