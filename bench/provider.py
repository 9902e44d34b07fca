"""The mock provider of one target: the sandbox in a separate process, whose CPU time is not counted."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from bench.cpu import cpu_ms
from config.embedded import child
from config.embedded.child import CannotStart
from config.embedded.programs import any_free_port
from sandbox.config import default_clients
from sandbox.config import environment as sandbox_environment

PEOPLE = 40  # who return, enough that two lanes never have the same person
FRONT_CHANNEL = {"authorize", "choose"}  # requested by browsers, not by products


class Provider:
    """A running sandbox whose product is at ``public_url``."""

    def __init__(self, public_url: str, log: Path) -> None:
        self._public_url = public_url
        self._log = log
        self._port = any_free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        variables = {"MODE": "development", "SANDBOX_PORT": str(self._port), "PUBLIC_URL": self._public_url}
        command = [sys.executable, "-m", "bench.mock"]
        self._process = child.start(command, environment={"PATH": os.environ["PATH"], **variables}, log=self._log)
        deadline = time.monotonic() + 20
        while not self._answers():
            if time.monotonic() > deadline:
                raise CannotStart(f"the mock provider does not answer: see {self._log}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)  # it stores nothing
            self._process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        return sandbox_environment(self.url, default_clients())

    def cpu_ms(self) -> float:
        return cpu_ms([self._process.pid]) if self._process else 0.0

    def set_fault(self, provider: str, fault: str | None) -> None:
        order = json.dumps({"provider": provider, "fault": fault}).encode()
        request = urllib.request.Request(  # noqa: S310  # loopback
            f"{self.url}/_control/faults", order, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answer.read()

    def calls(self, provider: str) -> int:
        """Return the number of requests that the product itself has made so far."""
        counts: dict[str, int] = self._state()["providers"][provider]["counts"]
        return sum(count for name, count in counts.items() if name not in FRONT_CHANNEL)

    def _state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_control/state", timeout=10) as answer:  # noqa: S310  # loopback
            state: dict[str, Any] = json.load(answer)
            return state

    def _answers(self) -> bool:
        try:
            self._state()
        except OSError:
            return False
        return True


def newcomers(count: int) -> list[str]:
    """Return the keys of people who have never signed in."""
    crowd = secrets.token_hex(4)
    return [f"new-{crowd}-{number}" for number in range(count)]


def people(provider: str) -> list[str]:
    """Return the people who return through this provider. No two providers share one: an address opens one account."""
    return [f"{provider}-{number}" for number in range(PEOPLE)]
