"""The benchmark of the cut-off, with few tries: real processes, each class, and Redis flushed in half of them."""

import sys

import pytest

from tests.bench.small import run_small

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="servers are started for it")]


@pytest.mark.promise(31)
def test_four_processes_refuse_all_credentials_within_two_seconds() -> None:
    told = run_small("bench.cut_off", "--tries", "8")

    for name in ("sessions", "mailed_links", "upstream_tokens"):
        for redis in ("left alone", "flushed before"):
            assert f"| {name} | {redis} | 4 |" in told
    assert "MISSED" not in told
