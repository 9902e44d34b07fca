"""The commands of a checkout, by which tests prepare state. A production site has no such door: it needs the checkout,
its settings and a shell there (ADR 68 of Vestibule)."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vestibule_testing.errors import PreparationFailed

LOOP = Path(__file__).with_name("command_loop.py")


class Commands:
    """A process of the product that runs one ``manage.py`` command after the other."""

    def __init__(self, python: Path, home: Path, environment: Mapping[str, str], log: Path) -> None:
        with log.open("w") as errors:
            self._process = subprocess.Popen(  # noqa: S603  # the product's own Python, on a file of ours
                [python, LOOP],
                cwd=home,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._log = log

    def run(self, *arguments: str) -> str:
        """Run a command and return what it prints. Raises PreparationFailed with what it says instead."""
        assert self._process.stdin  # noqa: S101  # both are pipes, as given above
        assert self._process.stdout  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(arguments) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PreparationFailed(f"The process of commands has ended: {self._log.read_text()[-2000:]}")
        status, printed, errors = json.loads(line)
        if status:
            raise PreparationFailed(f"manage.py {' '.join(arguments)}: {errors.strip() or printed.strip()}")
        text: str = printed
        return text

    def document(self, *arguments: str) -> Any:
        """Run a command with ``--json`` and return its document."""
        return json.loads(self.run(*arguments, "--json"))

    def stop(self) -> None:
        with self._process as process:
            process.kill()
