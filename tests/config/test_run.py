"""`make run`: one command runs everything, and no process outlives it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from config.embedded import directories, supervisor
from config.embedded.programs import any_free_port
from tests.support import checkouts

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's (prctl)"),
]


STARTING = 120.0  # seconds that a busy machine may need


@dataclass
class Run:
    """A `make run` in its own checkout."""

    checkout: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def output(self) -> str:
        return (self.checkout / "output").read_text()

    def pid(self, name: str) -> int:
        return int((self.checkout / ".local" / "run" / f"{name}.pid").read_text())

    def local_environment(self) -> dict[str, str]:
        lines = (self.checkout / ".local" / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait_until_running(self) -> None:
        until(lambda: "is running" in self.output or self.process.poll() is not None, seconds=STARTING)
        assert self.process.poll() is None, self.output

    def status(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(self.site + path, timeout=5) as answer:
                status: int = answer.status
                return status
        except OSError:
            return None

    def is_over(self) -> bool:
        return self.process.poll() is not None and not self.survivors()

    def survivors(self) -> list[str]:
        return [_command(pid) for pid in _of(self.checkout)]


def until(condition: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        threading.Event().wait(0.02)


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]


def _command(pid: int) -> str:
    """The command line and the working folder of a process. For ours, one of them names the checkout."""
    folder = Path(f"/proc/{pid}")
    try:
        return f"{folder.joinpath('cmdline').read_text()} in {folder.joinpath('cwd').readlink()}"
    except OSError:
        return ""


def _of(checkout: Path) -> list[int]:
    """The processes of a checkout's run. Its database is elsewhere, because its account cannot enter the checkout."""
    marks = (str(checkout), str(directories.find(checkout / ".local").server_home))
    return [pid for pid in _processes() if any(mark in _command(pid) for mark in marks)]


class Checkout:
    """A copy of the working tree in a folder that only its owner can enter, and its runs, each on the same ports."""

    def __init__(self, path: Path) -> None:
        self.path = checkouts.copy(path)
        self.path.chmod(0o700)
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ports = {"PORT": str(any_free_port()), "SANDBOX_PORT": str(any_free_port())}
        self.environment = inherited | ports
        self._runs: list[Run] = []

    def start(self, **given: str) -> Run:
        environment = self.environment | given
        with (self.path / "output").open("w") as output:
            process = subprocess.Popen(
                ["make", "run"], cwd=self.path, env=environment, stdout=output, stderr=output, text=True,
                start_new_session=True,
            )  # fmt: skip
        self._runs.append(Run(self.path, environment, process))
        return self._runs[-1]

    def running(self) -> Run:
        """Return the run that an earlier test left, or a new one."""
        if not self._runs or self._runs[-1].process.poll() is not None:
            self.start()
        self._runs[-1].wait_until_running()
        return self._runs[-1]

    def end(self) -> None:
        """Kill everything that the runs leave."""
        for leftover in _of(self.path):
            with suppress(ProcessLookupError):
                os.kill(leftover, signal.SIGKILL)
        for run in self._runs:
            run.process.wait()
        until(lambda: not _of(self.path), seconds=30)
        shutil.rmtree(directories.find(self.path / ".local").server_home)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One for all tests of this module, because a first run takes seconds."""
    checkout = Checkout(tmp_path_factory.mktemp("run") / "checkout")
    yield checkout
    checkout.end()


@pytest.fixture
def run(checkout: Checkout) -> Run:
    return checkout.running()


def test_one_command_serves_the_site_and_says_where(run: Run) -> None:
    local = run.local_environment()

    assert run.status("/health/live") == 200
    assert run.status("/accounts/login/") == 200
    assert f"{run.site}/accounts/login/" in run.output
    assert local["DEMO_ADMIN_PASSWORD"] in run.output
    assert local["MODE"] == "development"
    until((run.checkout / ".local" / "run" / "beat.pid").exists, seconds=30)
    for name in ("postgres", "valkey", "web", "worker", "beat", "sandbox"):
        assert _command(run.pid(name)), name
    with psycopg.connect(local["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("vestibule_app",)
    assert (run.checkout / ".local" / "env").stat().st_mode & 0o077 == 0

    managed = subprocess.run(
        [".venv/bin/python", "manage.py", "shell", "-c", "print(User.objects.get(is_superuser=True).username)"],
        cwd=run.checkout, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert managed.stdout.split()[-1] == local["DEMO_ADMIN_NAME"]


def test_when_the_site_answers_everything_that_it_needs_is_ready(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    try:
        run = checkout.start()
        until(lambda: run.status("/accounts/login/") == 200, seconds=STARTING)

        with psycopg.connect(run.local_environment()["DATABASE_URL"]) as connection:  # the demo comes after all tables
            assert connection.execute("SELECT count(*) FROM accounts_user WHERE is_superuser").fetchone() == (1,)
    finally:
        checkout.end()


@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_stops_everything_within_five_seconds(run: Run, asked_by: signal.Signals) -> None:
    """The supervisor's own deadlines are within five seconds; a busy machine may need longer to see that all ended."""
    os.kill(run.process.pid, asked_by)

    until(run.is_over, seconds=20)
    assert 2 * (supervisor.PATIENCE + supervisor.HURRY) < 5


@pytest.mark.parametrize("killed", ["the supervisor alone", "make alone", "the whole group"])
def test_a_killed_run_leaves_nothing_and_the_next_one_answers(checkout: Checkout, run: Run, killed: str) -> None:
    until((run.checkout / ".local" / "run" / "beat.pid").exists, seconds=30)

    if killed == "the whole group":
        os.killpg(run.process.pid, signal.SIGKILL)
    elif killed == "make alone":
        os.kill(run.process.pid, signal.SIGKILL)
    else:
        os.kill(_supervisor(run), signal.SIGKILL)
    run.process.wait()
    until(lambda: not run.survivors(), seconds=30)

    again = checkout.start()
    again.wait_until_running()
    assert again.status("/accounts/login/") == 200


def _supervisor(run: Run) -> int:
    return next(
        pid for pid in _processes() if "config.embedded" in _command(pid) and str(run.checkout) in _command(pid)
    )


def test_killed_servers_are_noticed_and_started_again(run: Run) -> None:
    killed = {name: run.pid(name) for name in ("postgres", "valkey", "web", "sandbox")}

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    for name, pid in killed.items():
        until(lambda name=name, pid=pid: run.pid(name) != pid, seconds=STARTING)  # type: ignore[misc]  # bound per turn
        assert f"{name} ended (SIGKILL): starting it again" in run.output
    until(lambda: run.status("/admin/login/") == 200, seconds=STARTING)


def test_a_taken_port_is_reported_in_one_line_with_the_remedy(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = checkout.start(PORT=str(port))
        assert refused.process.wait(timeout=STARTING) != 0
        said = refused.output
        checkout.end()

    assert f"port {port} is taken by another program: stop it, or set PORT" in said


def test_a_second_run_in_the_same_checkout_is_refused(run: Run) -> None:
    said = run.output

    second = subprocess.run(
        ["make", "run"], cwd=run.checkout, env=run.environment, capture_output=True, text=True, check=False
    )

    assert second.returncode != 0
    assert "`make run` is running in this checkout already" in second.stdout
    assert run.status("/health/live") == 200
    assert said in run.output
