"""The tokens' part of the benchmark, with tiny numbers."""

import shutil
import sys

import pytest

from bench.tokens.grants import Grants
from tests.bench.small import run_small

GRANTS = Grants(path="/token", authorization="", forms=[{"refresh_token": str(number)} for number in range(5)])


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))")
def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    told = run_small("bench.tokens", "--rounds", "1", "--operations", "20")

    assert "vestibule: all 9 conditions of a win hold." in told
    assert "| toolkit | refresh |" in told
    assert "a refresh token in oauth2_provider_refreshtoken" in told, "what the peer stores is found"
    if shutil.which("node") and shutil.which("npm"):
        assert "| oidc-provider | client credentials |" in told
    else:
        assert "oidc-provider: left out: no" in told


def test_no_two_lanes_use_the_same_refresh_token() -> None:
    shares = [GRANTS.of_lane(lane, 2).forms for lane in range(2)]

    assert sorted(form["refresh_token"] for share in shares for form in share) == ["0", "1", "2", "3", "4"]


def test_all_lanes_send_the_only_form() -> None:
    only = Grants(path="/token", authorization="", forms=[{"grant_type": "client_credentials"}])

    assert only.of_lane(3, 4) == only
