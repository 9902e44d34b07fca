"""Writes the locks: `make lock`, or `python -m config.locking` with other options of `uv pip compile`.

A package that is required with extras is locked on two lines, with its extras and without. pip before 23.3 treats the
two as different requirements, and looks for the newest version of the one that has no line (ADR 26).
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.variables import CHECKOUT

COMPILE = (
    "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--generate-hashes", "--no-strip-extras",
    "--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock",
)  # fmt: skip
LOCKS = {"requirements.lock": (), "requirements-dev.lock": ("--all-extras", "--constraint", "requirements.lock")}
WITH_EXTRAS = re.compile(r"^(?P<name>[\w.-]+)\[[^\]]*\](?P<rest>==(?:.*\\\n)*.*\n)", re.MULTILINE)


def twice(lock: str) -> str:
    """Repeat the lines of each package with extras without the extras. Idempotent."""
    return WITH_EXTRAS.sub(r"\g<name>\g<rest>\g<0>", once(lock))


def once(lock: str) -> str:
    """Remove what ``twice`` adds."""
    added = {f"{found['name']}{found['rest']}" for found in WITH_EXTRAS.finditer(lock)}
    return "".join(block for block in re.split(r"(?m)^(?=\S)", lock) if block not in added)


def write(options: Sequence[str]) -> None:
    """Write both locks. Raises CalledProcessError when uv finds no solution; uv has printed why."""
    for name, more in LOCKS.items():
        lock = CHECKOUT / name
        lock.write_text(once(lock.read_text()))
        command = [str(Path(sys.executable).with_name("uv")), *COMPILE, *more, *options, "--output-file", name]
        subprocess.run(command, cwd=CHECKOUT, check=True)
        lock.write_text(twice(lock.read_text()))


if __name__ == "__main__":
    write(sys.argv[1:])
