"""The benchmark itself, with tiny numbers, on our own site."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.variables import CHECKOUT

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are measured by /proc (proc(5))"),
]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a temporary folder that the database server, which does not run as root, can enter."""
    with tempfile.TemporaryDirectory(prefix="vt-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_small_run_ends_with_a_table_and_leaves_nothing(open_folder: Path) -> None:
    small = ["--alone", "--rounds", "1", "--operations", "8", "--starts", "1", "--only", "1,3"]
    ran = subprocess.run(
        [sys.executable, "-m", "bench", *small],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(open_folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "returning sign-in, Google" in ran.stdout
    assert "conditions of a win hold" in ran.stdout
    assert list(open_folder.iterdir()) == []
    assert not _mentioning(open_folder)


def _mentioning(folder: Path) -> list[str]:
    """Return the command lines of processes that still use the folder."""
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return [line.decode() for line in lines if os.fsencode(folder) in line]
