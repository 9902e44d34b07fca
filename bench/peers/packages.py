"""Installs a peer's Python packages, separately from ours."""

import subprocess
import sys
from pathlib import Path

from config.embedded.child import CannotStart
from config.variables import CHECKOUT


def installed(peer: str, lock: Path) -> Path:
    """Return the folder of the peer's packages, which are installed on first use. Raises CannotStart."""
    folder = CHECKOUT / ".local" / "bench" / peer
    mark = folder / lock.name
    if mark.exists() and mark.read_text() == lock.read_text():
        return folder
    command = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--upgrade"]
    done = subprocess.run(  # noqa: S603  # a fixed command
        [sys.executable, "-m", *command, "--target", str(folder), "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"the packages of {peer} could not be installed: {done.stderr.strip()[-500:]}")
    mark.write_text(lock.read_text())
    return folder
