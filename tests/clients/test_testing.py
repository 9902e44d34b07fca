"""Customers test with a real Vestibule: the tests of the FastAPI example pass, and leave nothing behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.variables import CHECKOUT
from tests.support.waiting import until

EXAMPLE = CHECKOUT / "clients" / "examples" / "fastapi_backend"
HOLDS = """
def test_holds(vestibule):
    print(vestibule.logs.parent, flush=True)
    while True: pass
"""

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's (prctl)"),
]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary directory that the database's account can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="vt-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def command(temporary: Path, *arguments: str, **given: str) -> tuple[list[str], dict[str, str]]:
    """Return the command of a customer's pytest with its environment, in which settings of other programs are."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    others = {"DATABASE_URL": "postgresql://customer@127.0.0.1:1/theirs", "MODE": "production", "SITE_NAME": "Theirs"}
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", *arguments]
    return line, {**inherited, **others, "TMPDIR": str(temporary), **given}


def test_the_tests_of_the_example_pass_and_leave_nothing(temporary: Path) -> None:
    line, environment = command(temporary)
    done = subprocess.run(line, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)

    assert re.search(r"^6 passed in", done.stdout, re.MULTILINE), done.stdout + done.stderr
    until(lambda: _processes_of(temporary) == [], seconds=30)
    assert list(temporary.iterdir()) == []


def test_tests_that_are_killed_leave_no_process(temporary: Path) -> None:
    test = temporary / "test_theirs.py"
    test.write_text(HOLDS)
    line, environment = command(
        temporary,
        "-s",
        "-p",
        "vestibule_testing.plugin",
        test.name,
        VESTIBULE_HOME=str(CHECKOUT),
        PYTHONPATH=str(CHECKOUT / "clients/vestibule-testing/src"),
    )
    with subprocess.Popen(line, cwd=temporary, env=environment, stdout=subprocess.PIPE, text=True) as pytests:
        assert pytests.stdout
        state = next(found for found in pytests.stdout if str(temporary) in found)
        running = _processes_of(temporary)
        pytests.send_signal(signal.SIGKILL)

    assert Path(state.strip()).parent == temporary
    assert len(running) > 5
    until(lambda: _processes_of(temporary) == [], seconds=30)


def test_without_a_checkout_the_tests_say_what_is_missing(temporary: Path) -> None:
    (temporary / "test_theirs.py").write_text(HOLDS)
    path = str(CHECKOUT / "clients/vestibule-testing/src")
    for given, said in (
        ({}, "VESTIBULE_HOME, or vestibule_home in pytest's configuration, must name a checkout"),
        ({"VESTIBULE_HOME": "/nowhere"}, "/nowhere is no checkout of Vestibule that is set up"),
    ):
        line, environment = command(temporary, "-p", "vestibule_testing.plugin", PYTHONPATH=path, **given)
        done = subprocess.run(line, cwd=temporary, env=environment, capture_output=True, text=True, check=False)

        assert said in done.stdout, done.stdout + done.stderr


def _processes_of(temporary: Path) -> list[int]:
    """The processes of a run: its folder is in their environment or their command."""
    return [
        int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal() and _names(folder, temporary)
    ]


def _names(process: Path, temporary: Path) -> bool:
    try:
        return any(str(temporary).encode() in (process / file).read_bytes() for file in ("environ", "cmdline"))
    except OSError:
        return False
