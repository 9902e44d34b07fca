"""Starts the whole product from a checkout: new and empty, on free ports, and removed at the end."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vestibule_testing.commands import Commands
from vestibule_testing.errors import PreparationFailed
from vestibule_testing.vestibule import Vestibule

STARTING = 120.0  # seconds that a busy machine may need
STOPPING = 20.0
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL")  # no setting of the tested program
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@contextmanager
def running(home: Path, settings: Mapping[str, str]) -> Iterator[Vestibule]:
    """Run the product of the checkout ``home`` with these settings. Raises PreparationFailed with what it says.

    Neither the checkout's own state nor its ``.env`` is read, and no variable of this process counts.
    """
    python = home / ".venv" / "bin" / "python"
    if not python.exists():
        raise PreparationFailed(f"{home} is no checkout of Vestibule that is set up: run `make setup` there.")
    state = Path(tempfile.mkdtemp(prefix="vestibule-"))
    state.chmod(0o755)  # under root, the database runs as another account
    web, sandbox = _free_ports()
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {"RATE_LIMITS_EXEMPT": "127.0.0.0/8", **settings, "MODE": "development"}
    environment |= {"VESTIBULE_STATE": str(state), "TMPDIR": str(state), "PORT": str(web), "SANDBOX_PORT": str(sandbox)}
    try:
        with _product(python, home, environment, state / "output"):
            commands = Commands(python, home, environment, state / "log" / "commands.log")
            site = Vestibule(f"http://127.0.0.1:{web}", f"http://127.0.0.1:{sandbox}", state / "log", commands)
            try:
                yield site
            finally:
                site.close()
                commands.stop()
    finally:
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def _product(python: Path, home: Path, environment: Mapping[str, str], output: Path) -> Iterator[None]:
    with output.open("w") as written:
        process = subprocess.Popen(  # noqa: S603  # the product's own Python
            [python, "-m", "config.embedded"],
            cwd=home,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # one thread, no locks held
        )
    try:
        _wait(process, output)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + STARTING
    while "Vestibule is running." not in output.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise PreparationFailed(f"Vestibule did not start:\n{output.read_text()[-3000:]}")
        time.sleep(0.05)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


_c_library = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """Ask the kernel to stop the product when the process of the tests dies, however it dies (prctl(2))."""
    if _c_library is not None:
        _c_library.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
