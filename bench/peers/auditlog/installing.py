"""Installs the peer's packages, separately from ours."""

import subprocess
import sys
from pathlib import Path

from config.embedded.child import CannotStart
from config.variables import CHECKOUT

LOCK = Path(__file__).with_name("requirements.lock")


def installed() -> Path:
    """Return the folder of the peer's packages, which are installed on first use. Raises CannotStart."""
    folder = CHECKOUT / ".local" / "bench" / "auditlog"
    mark = folder / LOCK.name
    if mark.exists() and mark.read_text() == LOCK.read_text():
        return folder
    command = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--upgrade"]
    done = subprocess.run(  # noqa: S603  # a fixed command
        [sys.executable, "-m", *command, "--target", str(folder), "--requirement", str(LOCK)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"django-auditlog could not be installed: {done.stderr.strip()[-500:]}")
    mark.write_text(LOCK.read_text())
    return folder
