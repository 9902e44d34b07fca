"""Runs of a benchmark with tiny numbers."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.variables import CHECKOUT


def run_small(module: str, *arguments: str) -> str:
    """Run a benchmark that must succeed and leave nothing behind, and return its output."""
    with tempfile.TemporaryDirectory(prefix="vt-") as folder:
        Path(folder).chmod(0o755)  # the database server does not run as root
        ran = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert list(Path(folder).iterdir()) == []
    return ran.stdout
