"""Services are kept running: what ends is started again, and all of them stop in time, the bases last."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import child, supervisor
from config.embedded.child import CannotStart
from config.embedded.supervisor import Process, Service, Supervisor
from tests.support.waiting import until

pytestmark = pytest.mark.process

SLEEPS = "exec sleep 60"
STUBBORN = "trap '' TERM; touch {ready}; while :; do sleep 0.05; done"


class Enough(Exception):
    """The test has heard what it waited for, and ends the watch as a signal's handler would."""


class Heard(list[str]):
    """News of the services; ends the watch once there are so many."""

    most = 1

    def __call__(self, text: str) -> None:
        self.append(text)
        if len(self) >= self.most:
            raise Enough


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def watched(tmp_path: Path, heard: Heard) -> Iterator[Supervisor]:
    watched = Supervisor(run=tmp_path, tell=heard)
    yield watched
    watched.stop()


def service(tmp_path: Path, script: str, *, name: str = "one", is_base: bool = False) -> Service:
    def launch() -> Process:
        return child.start(["sh", "-c", script], environment=os.environ, log=tmp_path / "log")

    return Service(name=name, launch=launch, wait_ready=lambda _process: None, is_base=is_base)


def pid(tmp_path: Path, name: str = "one") -> int:
    return int((tmp_path / f"{name}.pid").read_text())


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_all_are_stopped_the_bases_last_and_leave_nothing(tmp_path: Path, watched: Supervisor) -> None:
    noted = tmp_path / "order"
    script = "trap 'echo {name} >> {noted}; exit' TERM; touch {ready}; while :; do sleep 0.02; done"
    names = ("base", "web")
    for name in names:
        told = script.format(name=name, noted=noted, ready=tmp_path / f"{name}.ready")
        watched.start(service(tmp_path, told, name=name, is_base=name == "base"))
        until((tmp_path / f"{name}.ready").exists, seconds=30)
    processes = [pid(tmp_path, name) for name in names]
    watched.stop()

    assert noted.read_text().split() == ["web", "base"]
    assert not any(map(runs, processes))
    assert list(tmp_path.glob("*.pid")) == []


def test_what_does_not_end_when_it_is_asked_to_is_made_to(
    tmp_path: Path, watched: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.1)
    ready = tmp_path / "ready"
    watched.start(service(tmp_path, STUBBORN.format(ready=ready)))
    until(ready.exists, seconds=30)
    process = pid(tmp_path)
    watched.stop()

    assert not runs(process)


def test_what_ends_is_started_again_after_longer_and_longer_pauses(
    tmp_path: Path, watched: Supervisor, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.1)
    watched.start(service(tmp_path, "exit 3"))
    heard.most = 3
    with pytest.raises(Enough):
        watched.watch()

    assert heard == ["one ended (status 3): starting it again"] * 3


def test_what_was_killed_runs_again_under_another_number(
    tmp_path: Path, watched: Supervisor, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.1)
    watched.start(service(tmp_path, SLEEPS))
    heard.most, first = 2, pid(tmp_path)

    def one_round() -> bool:
        for running in watched._all:  # noqa: SLF001  # `watch` does it for ever
            watched._tend(running)  # noqa: SLF001
        return pid(tmp_path) != first

    assert not one_round()
    os.kill(first, signal.SIGKILL)
    until(one_round, seconds=30)
    assert heard == ["one ended (SIGKILL): starting it again"]
    assert runs(pid(tmp_path))


@pytest.mark.parametrize(
    ("refused", "said"),
    [(CannotStart("no licence"), "one: no licence"), (OSError(28, "No space left on device"), "one: the disk is full")],
)
def test_what_cannot_be_started_again_is_said_and_tried_later(
    tmp_path: Path, watched: Supervisor, heard: Heard, monkeypatch: pytest.MonkeyPatch, refused: Exception, said: str
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.1)
    started = service(tmp_path, "exit 0")
    tries: list[int] = []

    def launch() -> Process:
        tries.append(1)
        if len(tries) == 2:
            raise refused
        return started.launch()

    watched.start(Service(name="one", launch=launch, wait_ready=started.wait_ready))
    heard.most = 3
    with pytest.raises(Enough):
        watched.watch()

    assert heard[0] == heard[2] == "one ended (status 0): starting it again"
    assert heard[1].startswith(said)
    assert len(tries) == 3
