"""A full or read-only disk: one line says so and what to do, and there is no traceback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import directories
from tests.support import checkouts
from tests.support.servers import Servers, product_environment

pytestmark = pytest.mark.process


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    yield checkouts.copy(tmp_path / "checkout")
    shutil.rmtree(directories.find(tmp_path / "checkout" / ".local").server_home)


def _said_with(mounted: Path, *options: str, command: list[str]) -> list[str]:
    """Return the output of a command that must fail. Only the command sees the mounts in ``mounted`` (mount(8))."""
    alone = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    if "CI" not in os.environ and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a file system of its own")
    mounting = ["sh", "-ec", 'mount "$@"; cd .; exec $COMMAND', "sh", *options, str(mounted)]
    done = subprocess.run(
        [*alone, *mounting],
        cwd=mounted if "bind" in options[-2] else mounted.parent,
        env={"PATH": os.environ["PATH"], "COMMAND": " ".join(command)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(("make:", "Installing"))]


def _read_only(checkout: Path, *command: str) -> list[str]:
    return _said_with(checkout, "-o", "bind,ro", str(checkout), command=[*command])


def _full(folder: Path, *command: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    return _said_with(folder, "-t", "tmpfs", "-o", "size=8m", "none", command=[*command])


RUN = (".venv/bin/python", "-m", "config.embedded")
WAY_OUT = "(Read-only file system): give this user the right to write there, or use a checkout elsewhere"


def test_a_read_only_checkout_is_one_line(checkout: Path) -> None:
    """The kind of fault: a traceback where the machine refuses to write."""
    assert _read_only(checkout, *RUN) == [f"Vestibule cannot run: {checkout}/.local cannot be used {WAY_OUT}"]

    (checkout / ".venv").unlink()
    assert _read_only(checkout, "make", "run") == [f"Cannot install: .venv cannot be used {WAY_OUT}"]


def test_a_full_disk_is_one_line(checkout: Path) -> None:
    local = checkout / ".local"

    said = _full(local, *RUN)
    assert said == [f"Vestibule cannot start: the disk has 8 MB left at {local}: at least 200 MB must be free"]

    (checkout / ".venv").unlink()
    way_out = "the disk is full at .venv: free some space there, then try again"
    assert _full(checkout / ".venv", "make", "run") == [f"Cannot install: {way_out}"]


def test_a_disk_that_fills_up_is_one_line(checkout: Path) -> None:
    local = checkout / ".local"
    local.mkdir()
    (local / "secrets.new").symlink_to("/dev/full")

    done = subprocess.run([sys.executable, *RUN[1:]], cwd=checkout, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    said = f"Vestibule cannot run: the disk is full at {local}: free some space there, then try again\n"
    assert (done.stdout, done.stderr) == (said, "")


def test_a_command_in_a_read_only_checkout_says_so_in_one_line(checkout: Path, servers: Servers) -> None:
    settings = product_environment(servers) | {"MODE": "production"}

    said = _read_only(
        checkout, "env", *(f"{name}={value}" for name, value in settings.items()),
        ".venv/bin/python", "manage.py", "collectstatic", "--no-input",
    )  # fmt: skip

    assert len(said) == 1
    assert said[0].startswith(f"manage.py collectstatic: {checkout}/staticfiles")
    assert said[0].endswith(WAY_OUT)
