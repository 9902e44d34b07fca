"""Gives orders to a target's writer."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any, Self, cast

from bench.running import Running, stop
from bench.target import Target
from bench.trail.targets import WithTrail
from bench.wire import Unexpected
from config.variables import CHECKOUT


@dataclass
class Writer:
    """A target with its database, and the process that writes into it."""

    target: Target
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as undone:
            undone.callback(self._stack.close)
            self.running = self._stack.enter_context(Running(self.target))
            self.process = subprocess.Popen(  # our own module
                [sys.executable, "-m", "bench.trail.writer"],
                cwd=CHECKOUT,
                env=self.running.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,
            )
            self._stack.callback(stop, self.process, signal.SIGTERM)
            undone.pop_all()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stack.close()

    @property
    def is_exact(self) -> bool:
        """Whether each changed row must leave an entry for a figure to count."""
        return isinstance(self.target, WithTrail)

    def ask(self, what: str, times: int) -> Any:
        orders, answers = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        orders.write(json.dumps({"do": what, "times": times}).encode() + b"\n")
        orders.flush()
        answer = answers.readline()
        if not answer:
            raise Unexpected(f"{self.target.name}: the writer ended during {what}")
        return json.loads(answer)
