"""The driver's side of the process that plays the people."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import Self

from bench.client import Order, Report
from bench.wire import Unexpected
from config.embedded.child import die_with


class Crowd:
    """Carries out orders one after the other, and ends with this process."""

    def __enter__(self) -> Self:
        parent = os.getpid()
        self._process = subprocess.Popen(  # our own module
            [sys.executable, "-m", "bench.client"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: die_with(parent, signal.SIGKILL),  # noqa: PLW1509  # one thread, no locks held
        )
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def carry_out(self, order: Order) -> Report:
        """Carry out an order. Raises Unexpected when an operation fails."""
        assert self._process.stdin is not None  # noqa: S101  # a pipe, above
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(asdict(order)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unexpected("the people's process has ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise Unexpected("the people's process has ended")
        report = Report(**json.loads(line))
        if report.error:
            raise Unexpected(report.error)
        return report
