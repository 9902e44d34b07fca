"""The administrators' part of the benchmark, with tiny numbers."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config.environment import CHECKOUT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))")


def test_a_small_run_ends_with_a_table_and_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="vt-") as folder:
        Path(folder).chmod(0o755)  # the database server is not root
        ran = subprocess.run(
            [sys.executable, "-m", "bench.admin", "--people", "400", "--rounds", "1", "--operations", "2"],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert "a user's page" in ran.stdout
        assert "Export of 401 people" in ran.stdout
        assert "Bulk action upon 200 people: 200 entries" in ran.stdout
        assert list(Path(folder).iterdir()) == []
