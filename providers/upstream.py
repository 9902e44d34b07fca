"""The one way out: HTTP to providers, with a deadline for the whole call, a size cap and no redirects."""

import http.client
import io
import json
import math
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from providers.refusal import Reason, SignInRefused

DEADLINE = 5.0  # seconds for a whole call, connecting and the last byte included
LONGEST_SIGN_IN = 12.0  # seconds for all calls of one request of ours together
LARGEST_ANSWER = 1024 * 1024  # bytes, headers included
CALLS_AT_ONCE = 4  # for each provider in each process: a dead one holds up no more threads than this
LONGEST_WAIT = 1.0  # seconds for one of those places
IDLE_FOR = 15.0  # seconds after which a kept connection is not trusted any more


_ends_at: ContextVar[float] = ContextVar("upstream_ends_at", default=math.inf)


@contextmanager
def one_deadline() -> Iterator[None]:
    """Let all calls within the block end by one deadline: a provider may be slow at each of its endpoints."""
    token = _ends_at.set(time.monotonic() + LONGEST_SIGN_IN)
    try:
        yield
    finally:
        _ends_at.reset(token)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Its status is the provider's; a redirect is an answer like any other."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Parse the body. Raises SignInRefused when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise SignInRefused(Reason.PROVIDER_ANSWER_INVALID, "the answer is not JSON") from None

    def object(self) -> dict[str, Any]:
        """Parse the body as a JSON object. Raises SignInRefused when it is something else."""
        value = self.json()
        if not isinstance(value, dict):
            raise SignInRefused(Reason.PROVIDER_ANSWER_INVALID, "the answer is not a JSON object")
        return value


@dataclass
class Upstream:
    """One provider's hosts as this process talks to them, and when they last did and did not answer it."""

    name: str
    answered_at: float | None = None  # seconds since the epoch, as is the next
    failed_at: float | None = None
    _gate: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(CALLS_AT_ONCE))
    _idle: "deque[tuple[tuple[str, str, int], http.client.HTTPConnection, float]]" = field(default_factory=deque)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises SignInRefused when there is no whole answer in time."""
        return self._call("GET", url, None, headers or {})

    def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Answer:
        """Never repeated: a code may be spent once. Raises SignInRefused when there is no whole answer in time."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._call("POST", url, urlencode(form).encode(), typed)

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.popleft()[1].close()

    def _call(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        with self._place():
            budget = _Budget(deadline=min(time.monotonic() + DEADLINE, _ends_at.get()))
            try:
                answer = self._exchange(method, url, body, headers, budget)
            except _Exceeded as exceeded:
                self.failed_at = time.time()
                raise SignInRefused(Reason.PROVIDER_UNREACHABLE, str(exceeded)) from None
            except (OSError, http.client.HTTPException, ValueError) as broken:
                self.failed_at = time.time()
                detail = f"{method} failed: {type(broken).__name__}"
                raise SignInRefused(Reason.PROVIDER_UNREACHABLE, detail) from broken
            if answer.status < 500:
                self.answered_at = time.time()
            else:
                self.failed_at = time.time()
            return answer

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._gate.acquire(timeout=LONGEST_WAIT):
            raise SignInRefused(Reason.PROVIDER_BUSY, f"{CALLS_AT_ONCE} calls are under way already")
        try:
            yield
        finally:
            self._gate.release()

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], budget: "_Budget"
    ) -> Answer:
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        connection = self._kept(origin) or _connect(origin, budget)
        try:
            connection.response_class = partial(_Response, budget=budget)  # type: ignore[assignment]  # its signature
            assert connection.sock is not None  # noqa: S101  # connected above
            connection.sock.settimeout(budget.seconds_left())
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, {"Accept": "application/json", **_PLAIN, **headers})
            response = connection.getresponse()
            _refuse_encoded(response)
            answer = Answer(status=response.status, body=_body(response))
        except BaseException:
            connection.close()
            raise
        self._keep(origin, connection, response)
        return answer

    def _kept(self, origin: tuple[str, str, int]) -> http.client.HTTPConnection | None:
        """Take a connection that is still open: one that the server closed shows as readable."""
        for _ in range(len(self._idle)):
            try:
                known, connection, since = self._idle.popleft()
            except IndexError:
                return None
            if known != origin:
                self._idle.append((known, connection, since))
            elif time.monotonic() - since < IDLE_FOR and not _is_readable(connection.sock):
                return connection
            else:
                connection.close()
        return None

    def _keep(
        self, origin: tuple[str, str, int], connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        if response.will_close or connection.sock is None or len(self._idle) >= CALLS_AT_ONCE:
            connection.close()
        else:
            self._idle.append((origin, connection, time.monotonic()))


_PLAIN = {"Accept-Encoding": "identity", "User-Agent": "Vestibule"}


class _Exceeded(Exception):
    """The call took too long or the answer is too large."""


@dataclass
class _Budget:
    """What is left of one call: seconds until its deadline, bytes until its cap."""

    deadline: float
    bytes_left: int = LARGEST_ANSWER

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _Exceeded("no whole answer in time")
        return left

    def spend(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise _Exceeded(f"the answer is larger than {LARGEST_ANSWER} bytes")


class _BoundedReader(io.RawIOBase):
    """A socket's bytes, within a budget: neither dripping headers nor an endless body gets past it."""

    def __init__(self, sock: socket.socket, budget: _Budget) -> None:
        self._sock = sock
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._budget.seconds_left())
        try:
            count = self._sock.recv_into(buffer)
        except TimeoutError:
            raise _Exceeded("no whole answer in time") from None
        self._budget.spend(count)
        return count


class _BoundedSocket:
    """All that ``http.client`` asks of a socket when it reads a response."""

    def __init__(self, sock: socket.socket, budget: _Budget) -> None:
        self._reader = _BoundedReader(sock, budget)

    def makefile(self, mode: str) -> io.BufferedReader:  # the socket's signature
        return io.BufferedReader(self._reader)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *, budget: _Budget, method: str | None = None, **_: Any) -> None:
        super().__init__(_BoundedSocket(sock, budget), method=method)  # type: ignore[arg-type]  # it reads only


def _connect(origin: tuple[str, str, int], budget: _Budget) -> http.client.HTTPConnection:
    scheme, host, port = origin
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=budget.seconds_left(), context=_tls()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=budget.seconds_left())
    connection.connect()
    return connection


@cache
def _tls() -> ssl.SSLContext:
    """One context for all: loading the system's certificates takes 16 ms."""
    return ssl.create_default_context()


def _refuse_encoded(response: http.client.HTTPResponse) -> None:
    """We asked for plain bytes; what unpacks to more than it weighs is not read."""
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise _Exceeded("the answer is compressed, which was not asked for")


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read the body in one bounded piece: without a size, memory is set aside for whatever length is announced."""
    body = response.read(LARGEST_ANSWER)
    if response.length:  # what an announced length still lacks; a bounded read does not complain itself
        raise http.client.IncompleteRead(body, response.length)
    return body


def _is_readable(sock: socket.socket | None) -> bool:
    return sock is None or bool(select.select([sock], [], [], 0)[0])
