"""Keeps services running: starts them in order, restarts those that end, and stops all of them in bounded time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config import disk_errors
from config.embedded.child import CannotStart

Process = subprocess.Popen[bytes]
LONGEST_PAUSE = 30.0  # seconds between two attempts to start a service that keeps ending
STEADY_AFTER = 10.0  # seconds after which a service counts as running well
PATIENCE = 1.0  # seconds from ``stop_by`` to ``hurry_by`` in each of two rounds: all must stop within five
HURRY = 0.5  # seconds from ``hurry_by`` to SIGKILL


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something to keep running. ``is_base`` marks a service that others depend on: started first, stopped last.

    ``hurry_by`` is sent if ``stop_by`` did not end it in time. A server with processes outside its own group
    needs a signal that it passes on to them, since SIGKILL would reach its first process only.
    """

    name: str
    launch: Callable[[], Process]
    wait_ready: Callable[[Process], None]
    stop_by: signal.Signals = signal.SIGTERM
    hurry_by: signal.Signals = signal.SIGKILL
    is_base: bool = False


@dataclass
class _Running:
    service: Service
    process: Process
    since: float
    pause: float = 0.0
    retry_at: float | None = None


@dataclass
class Supervisor:
    """The services of one checkout. Their process ids are files in ``run``; ``tell`` prints what happens to them."""

    run: Path
    tell: Callable[[str], None]
    _all: list[_Running] = field(default_factory=list)

    def start(self, *services: Service) -> None:
        """Start services in parallel and wait until each is ready. Raises what their ``wait_ready`` raises."""
        started = []
        for service in services:
            running = _Running(service, self._launch(service), time.monotonic())
            self._all.append(running)
            started.append(running)
        for running in started:
            running.service.wait_ready(running.process)

    def watch(self) -> None:
        """Restart services that end, until a signal handler raises."""
        while True:
            for running in self._all:
                self._tend(running)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop everything within twice PATIENCE plus HURRY: first the dependent services, then the bases."""
        for is_base in (False, True):
            group = [running for running in self._all if running.service.is_base == is_base]
            for running in group:
                _signal(running.process, running.service.stop_by)
            _wait(group, seconds=PATIENCE)
            for running in group:
                _signal_group(running.process, running.service.hurry_by)
            _wait(group, seconds=HURRY)
            for running in group:
                _signal_group(running.process, signal.SIGKILL)
                running.process.wait()
                self._pid_file(running.service).unlink(missing_ok=True)

    def _tend(self, running: _Running) -> None:
        now = time.monotonic()
        if running.retry_at is None:
            status = running.process.poll()
            if status is None:
                return
            steady = now - running.since > STEADY_AFTER
            running.pause = 0.0 if steady else min(max(0.5, running.pause * 2), LONGEST_PAUSE)
            running.retry_at = now + running.pause
            self.tell(f"{running.service.name} ended ({_reason(status)}): starting it again")
        if now >= running.retry_at:
            self._relaunch(running)

    def _relaunch(self, running: _Running) -> None:
        try:
            running.process = self._launch(running.service)
        except (CannotStart, OSError) as refused:  # a full disk may have room again
            reason = disk_errors.sentence(refused, self.run) if isinstance(refused, OSError) else refused
            self.tell(f"{running.service.name}: {reason}")
            running.pause = min(max(1.0, running.pause * 2), LONGEST_PAUSE)
            running.retry_at = time.monotonic() + running.pause
        else:
            running.since, running.retry_at = time.monotonic(), None

    def _launch(self, service: Service) -> Process:
        process = service.launch()
        written = self._pid_file(service)
        beside = written.with_suffix(".new")  # so that nobody reads a file that is empty for a moment
        beside.write_text(f"{process.pid}\n")
        beside.replace(written)
        return process

    def _pid_file(self, service: Service) -> Path:
        return self.run / f"{service.name}.pid"


def _signal(process: Process, by: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(by)


def _signal_group(process: Process, by: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, by)  # each was started in a group of its own


def _wait(group: Iterable[_Running], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for running in group:
        with suppress(subprocess.TimeoutExpired):
            running.process.wait(timeout=max(0.0, deadline - time.monotonic()))


def _reason(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
