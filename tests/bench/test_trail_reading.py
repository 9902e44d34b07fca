"""The reading part of the trail's benchmark, with tiny numbers."""

import sys

import pytest

from tests.bench.small import run_small

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))"),
]


def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    told = run_small("bench.trail.reading", "--entries", "2000", "--rounds", "1", "--operations", "2")

    for page in ("by tenant and event, nothing in common", "far page", "an entry"):
        assert f"| 14 | {page} " in told
    assert "| auditlog " in told
