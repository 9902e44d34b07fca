"""The trail's part of the benchmark, with tiny numbers."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config.environment import CHECKOUT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))")


def test_writes_are_measured_beside_a_full_trail_and_an_empty_one() -> None:
    with tempfile.TemporaryDirectory(prefix="vt-") as folder:
        Path(folder).chmod(0o755)  # the database server is not root
        ran = subprocess.run(
            [sys.executable, "-m", "bench.trail.full", "--entries", "1000", "--rounds", "1", "--bulk-rounds", "1"],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert "save, personal" in ran.stdout
        assert "one of 1000 entries" in ran.stdout
        assert list(Path(folder).iterdir()) == []
