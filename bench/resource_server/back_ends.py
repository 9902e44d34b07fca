"""The back ends: FastAPI in uvicorn and Django in gunicorn, two workers each. Of a pair only the verifier differs."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.cpu import cpu_ms
from bench.peers.packages import installed
from bench.peers.python_jose import LOCK
from bench.resource_server.goals import AGAIN, DJANGO, JOSE, JOSE_JWK, PYJWT
from bench.resource_server.issuer import AUDIENCE, SCOPE, BenchIssuer
from bench.running import stop
from bench.table import OURS
from bench.wire import Connection, Unexpected
from config.embedded import child
from config.embedded.child import CannotStart
from config.embedded.programs import any_free_port
from config.variables import CHECKOUT

PACKAGE = CHECKOUT / "clients" / "vestibule-verify" / "src"
QUIETLY = ("--workers", "2", "--log-level", "warning")
UVICORN = ("uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", *QUIETLY)
GUNICORN = ("gunicorn", "--worker-class", "gthread", "--threads", "10", *QUIETLY)
OURS_IN_DJANGO = f"{OURS}, Django"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to verify tokens. ``target`` is whose figure ``again`` is, of calls with tokens that take turns."""

    name: str
    described: str
    module: str
    server: Sequence[str] = UVICORN
    environment: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    again: str = AGAIN


PEER = "bench.peers.python_jose.app:app"
KINDS = (
    Kind(name=OURS, described="vestibule_verify, keys from the issuer", module="bench.resource_server.app:app"),
    Kind(name=JOSE, described="python-jose with a key that it has parsed once, checks no type", module=PEER),
    Kind(
        name=JOSE_JWK,
        described="python-jose with the key as a JWK, which it parses at each call, as samples on the web do",
        module=PEER,
        environment={"KEY_AS": "jwk"},
    ),
    Kind(
        name=OURS_IN_DJANGO,
        described="vestibule_verify, keys from the issuer; gunicorn as the product has it",
        module="bench.resource_server.django_app",
        server=GUNICORN,
        target=OURS,
        again=DJANGO,
    ),
    Kind(
        name=PYJWT,
        described="PyJWT with a key that it has parsed once, the same settings and server, checks no type",
        module="bench.peers.pyjwt.app",
        server=GUNICORN,
        again=DJANGO,
    ),
)


class BackEnd:
    """A running back end."""

    def __init__(self, kind: Kind, issuer: BenchIssuer) -> None:
        self.kind, self._issuer = kind, issuer
        self.port = any_free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        with tempfile.NamedTemporaryFile(prefix="vb-", suffix=".log") as log:
            where = ["--port", str(self.port)] if self.kind.server is UVICORN else ["--bind", f"127.0.0.1:{self.port}"]
            command = [sys.executable, "-m", *self.kind.server, *where, self.kind.module]
            self._process = child.start(command, environment=self._environment(), log=Path(log.name))
            try:
                self._wait(Path(log.name))
            except BaseException:
                stop(self._process, signal.SIGTERM)
                raise
        return self

    def __exit__(self, *_failure: object) -> None:
        stop(self._process, signal.SIGTERM)

    def cpu_ms(self) -> float:
        return cpu_ms([self._process.pid])

    def status(self, token: str) -> int:
        with Connection(self.url) as site:
            return site.ask("GET", "/me", authorization=f"Bearer {token}" if token else "").status

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{CHECKOUT}:{PACKAGE}:{installed('python-jose', LOCK)}",
            "ISSUER": self._issuer.url,
            "AUDIENCE": AUDIENCE,
            "SCOPE": SCOPE,
            "KEY": json.dumps(self._issuer.jwk),
            **self.kind.environment,
        }

    def _wait(self, log: Path) -> None:
        begun = time.monotonic()
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - begun > 60:
                raise CannotStart(f"{self.kind.name} does not answer: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.status("") == 401
        except (OSError, Unexpected, subprocess.SubprocessError):
            return False
