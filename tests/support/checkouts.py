"""Copies of the working tree, for tests of `make` in a checkout."""

import os
import shutil
import subprocess
from pathlib import Path

from config.variables import CHECKOUT


def copy(target: Path) -> Path:
    """Copy the working tree without ignored files, and give it this checkout's Python environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source, copied = CHECKOUT / name, target / name
        if source.is_file():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copied)
    (target / ".venv").symlink_to(CHECKOUT / ".venv")
    os.utime(CHECKOUT / ".venv" / "installed")
    return target
