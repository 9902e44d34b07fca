"""The reading part of the trail's benchmark, with tiny numbers."""

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
            [sys.executable, "-m", "bench.trail.reading", "--entries", "2000", "--rounds", "1", "--operations", "2"],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        for page in ("by tenant and event, nothing in common", "far page", "an entry"):
            assert f"| 14 | {page} " in ran.stdout
        assert "| stock " in ran.stdout
        assert list(Path(folder).iterdir()) == []
