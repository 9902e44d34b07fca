"""The benchmark of a call with an access token, with tiny numbers."""

import sys

import pytest

from tests.bench.small import run_small


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))")
def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    told = run_small("bench.resource_server", "--rounds", "1", "--operations", "100")

    assert "vestibule: all 10 conditions of a win hold." in told
    assert "vestibule, Django: all 10 conditions of a win hold." in told
    assert "call of our own API, tokens in turns: all 4 conditions of a win hold." in told
    assert "| call, tokens in turns " in told
    assert "python-jose: 8 of 10 conditions of a win hold; not: refuses an ID token (200)" in told
