"""Runs one target: starts and stops its servers, its mock provider and its web processes."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.cpu import cpu_ms, pss_mb
from bench.provider import Provider
from bench.target import Ground, Target
from bench.wire import Connection, Unexpected
from config.embedded import child, directories, roles
from config.embedded.child import CannotStart
from config.embedded.directories import Directories
from config.embedded.postgres import Postgres
from config.embedded.programs import any_free_port
from config.embedded.valkey import Valkey
from config.variables import CHECKOUT

DATABASE, OWNER, RUNTIME = "bench", "bench_owner", "bench_runtime"
LOG_LINE = {"log_line_prefix": "%u "}  # the role, to count statements
Process = subprocess.Popen[bytes]


@dataclass
class Running:
    """A running target. It shares nothing with another target."""

    target: Target
    port: int = field(default_factory=any_free_port)
    servers: dict[str, Process] = field(default_factory=dict)  # its PostgreSQL and its Valkey
    web: Process | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as undone:
            undone.callback(self._stack.close)
            self._set_up()
            undone.pop_all()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_ms(self) -> dict[str, float]:
        """Return the CPU time so far of each part, without the mock provider and the people."""
        parts = {**self.servers, **({"web": self.web} if self.web else {})}
        return {name: cpu_ms([process.pid]) for name, process in parts.items()}

    def web_mb(self) -> float:
        return pss_mb([self.web.pid]) if self.web else 0.0

    def start_web(self) -> float:
        """Start the web processes, and return the seconds until the sign-in page was served."""
        begun = time.perf_counter()
        command = self.target.command(self.port)
        self.web = child.start(command, environment=self.environment, log=self.place.log("web"))
        while not self._answers():
            if self.web.poll() is not None or time.perf_counter() - begun > 60:
                raise CannotStart(f"{self.target.name} does not answer: {self.last_words('web')}")
            time.sleep(0.005)
        return time.perf_counter() - begun

    def stop_web(self) -> None:
        if self.web:
            stop(self.web, signal.SIGTERM)
            self.web = None

    def last_words(self, log: str) -> str:
        return self.place.log(log).read_text(errors="replace").strip()[-2000:]

    def ask(self, *arguments: str) -> str:
        """Run Python with these arguments in the target's environment, and return its last line of output."""
        done = subprocess.run(  # noqa: S603  # our own modules
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise Unexpected(f"{' '.join(arguments)} failed: {done.stderr[-2000:]}")
        return done.stdout.strip().splitlines()[-1]

    def _set_up(self) -> None:
        state = Path(tempfile.mkdtemp(prefix="vb-"))
        state.chmod(0o755)
        self._stack.callback(shutil.rmtree, state, ignore_errors=True)
        self.place: Directories = directories.find(state)
        self.postgres = Postgres(place=self.place, superuser_password=secrets.token_urlsafe(16), settings=LOG_LINE)
        self._serve("postgres", self.postgres, signal.SIGINT)
        valkey = Valkey(place=self.place, port=any_free_port(), password=secrets.token_urlsafe(16))
        if self.target.needs_valkey:
            self._serve("valkey", valkey, signal.SIGTERM)
        self.provider = self._stack.enter_context(Provider(self.url, self.place.log("provider")))
        urls = self._create_roles()
        ground = Ground(
            public_url=self.url,
            owner_url=urls.owner,
            runtime_url=urls.runtime,
            redis_url=valkey.url if self.target.needs_valkey else "",
            provider=self.provider.environment,
        )
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.target.environment(ground)}
        for command in self.target.preparation():
            self._run(command)
        self._stack.callback(self.stop_web)

    def _serve(self, name: str, server: Postgres | Valkey, by: signal.Signals) -> None:
        process = server.start()
        self._stack.callback(stop, process, by)
        self.servers[name] = process
        server.wait_ready(process)

    def _create_roles(self) -> roles.Urls:
        passwords = {role: secrets.token_urlsafe(16) for role in (OWNER, RUNTIME, roles.BACKUP_ROLE)}
        owner, runtime, backup = passwords.items()
        return roles.provide(self.postgres, database=DATABASE, owner=owner, runtime=runtime, backup=backup)

    def _run(self, command: list[str]) -> None:
        process = child.start(command, environment=self.environment, log=self.place.log("preparation"))
        if process.wait(timeout=120):
            raise CannotStart(f"{self.target.name}: {' '.join(command)} failed: {self.last_words('preparation')}")

    def _answers(self) -> bool:
        try:
            with Connection(self.url) as site:
                return site.ask("GET", self.target.sign_in_page).status == 200
        except (OSError, Unexpected):
            return False


def stop(process: Process, by: signal.Signals, *, patience: float = 10) -> None:
    """Stop a process that we started, or kill its group if it does not end in time."""
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # each has its own group
        process.wait()
