"""gunicorn serving the product in its own process, with a few threads, and HTTP by hand to talk to it."""

import http.client
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.embedded.programs import any_free_port
from config.variables import CHECKOUT
from tests.support.waiting import until

WORKERS, THREADS = 2, 4
STARTING = 60.0  # seconds that a busy machine may need


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running gunicorn. ``tls`` is the context with which to connect, if it uses TLS."""

    port: int
    pid: int
    log: Path
    tls: ssl.SSLContext | None = None

    def connect(self, *, source: str = "127.0.0.1", seconds: float = 30, receives: int = 0) -> socket.socket:
        """Connect from an address of this machine. ``receives`` sets a small receive buffer."""
        raw = socket.socket()
        raw.settimeout(seconds)
        if receives:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        try:
            raw.bind((source, 0))
            raw.connect(("127.0.0.1", self.port))
        except OSError:
            raw.close()
            raise
        return raw

    def secure(self) -> socket.socket:
        assert self.tls
        return self.tls.wrap_socket(self.connect(), server_hostname="localhost")

    def get(self, path: str, *, seconds: float = 30) -> tuple[int, bytes]:
        with self.secure() if self.tls else self.connect(seconds=seconds) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            answer = read(connection)
            return answer.status, answer.body

    def took(self, path: str) -> float:
        """Return how many seconds a page takes on a new connection."""
        began = time.monotonic()
        status, _ = self.get(path)
        assert status == 200, status
        return time.monotonic() - began

    def workers(self) -> list[int]:
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def lines(self, having: str) -> list[str]:
        return [line for line in self.log.read_text(errors="replace").splitlines() if having in line]


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def read(connection: socket.socket, method: str = "GET") -> Answer:
    """Read one response and leave what follows it. Raises http.client.HTTPException if there is none."""
    response = http.client.HTTPResponse(_Unbuffered(connection), method=method)  # type: ignore[arg-type]  # it asks for makefile alone
    response.begin()
    return Answer(status=response.status, headers=response.headers, body=response.read())


def statuses(connection: socket.socket) -> list[int]:
    """Read responses until the other side closes."""
    found = []
    while True:
        try:
            found.append(read(connection).status)
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return found


class _Unbuffered:
    """Lets http.client read a response without reading ahead into the next."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def makefile(self, _mode: str) -> object:
        return _Reader(self._connection)


class _Reader:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def readline(self, limit: int = 65_537) -> bytes:
        line = b""
        while not line.endswith(b"\n") and len(line) < limit and (letter := self._connection.recv(1)):
            line += letter
        return line

    def read(self, size: int = -1) -> bytes:
        found = b""
        while size < 0 or len(found) < size:
            piece = self._connection.recv(min(65_536, size - len(found)) if size >= 0 else 65_536)
            if not piece:
                break
            found += piece
        return found

    def close(self) -> None:
        """Leave the connection open, because it belongs to the test."""

    def flush(self) -> None:
        """Nothing is written."""


@contextmanager
def running(
    log: Path,
    *more: str,
    app: str = "config.wsgi",
    tls: ssl.SSLContext | None = None,
    files: int = 0,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Site]:
    """Serve with the product's own configuration, and ``variables``, until the block ends.

    ``files`` limits the open files.
    """
    port = any_free_port()
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--threads", str(THREADS), *more, app]
    command = [*(["prlimit", f"--nofile={files}"] if files else []), *command]
    environment = os.environ | {"PORT": str(port), "PUBLIC_URL": url} | dict(variables or {})
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output) as server,
    ):
        site = Site(port=port, pid=server.pid, log=log, tls=tls)
        try:
            until(lambda: _answers(site) and len(site.workers()) == WORKERS, seconds=STARTING)
            yield site
        finally:
            server.terminate()


def _answers(site: Site) -> bool:
    try:
        return site.get("/health/live")[0] == 200
    except OSError:
        return False
