"""Packages from this machine's index, installed with uv. If it is out of reach tests are skipped, except in CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.installing import uv_environment

PYTHON = Path(sys.executable)
UV = PYTHON.with_name("uv")


def uv(*arguments: str | Path) -> str:
    """Run ``uv pip`` and return its output."""
    command = [UV, "pip", *arguments]
    got = subprocess.run(command, env=uv_environment(PYTHON), capture_output=True, text=True, check=False)
    if got.returncode and "error sending request" in got.stderr and "CI" not in os.environ:
        pytest.skip("the package index cannot be reached from here")
    assert got.returncode == 0, got.stderr
    return got.stderr
