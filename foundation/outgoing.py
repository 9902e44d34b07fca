"""HTTP to others, each exchange within a budget: one deadline for all of it, a size cap, no redirects, no proxies.

``providers.upstream`` goes out through here to providers, ``webhooks`` to receivers.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

LARGEST_ANSWER = 1024 * 1024  # bytes, headers included
PLAIN = {"Accept-Encoding": "identity", "User-Agent": "Vestibule"}

Origin = tuple[str, str, int]  # scheme, host, port


class Exceeded(Exception):
    """The call took too long, or brought what we do not read."""


class Unwanted(Exceeded):
    """An answer came, and it is too large, or compressed."""


@dataclass
class Budget:
    """What is left of one call: seconds until its deadline, bytes until its cap."""

    deadline: float
    bytes_left: int = LARGEST_ANSWER

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Exceeded("no whole answer in time")
        return left

    def spend(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise Unwanted(f"the answer is larger than {LARGEST_ANSWER} bytes")


class _BoundedReader(io.RawIOBase):
    """A socket's bytes, within a budget: neither dripping headers nor an endless body gets past it.

    ``http.client`` closes a connection that ends with its answer as soon as the headers are read; the socket lives on
    until this reader is closed too, as it does under a file of its own.
    """

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._budget.seconds_left())
        try:
            count = self._sock.recv_into(buffer)
        except TimeoutError:
            raise Exceeded("no whole answer in time") from None
        self._budget.spend(count)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedSocket:
    """All that ``http.client`` asks of a socket when it reads a response."""

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._reader = _BoundedReader(sock, budget)

    def makefile(self, mode: str) -> io.BufferedReader:  # the socket's signature
        return io.BufferedReader(self._reader)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *, budget: Budget, method: str | None = None, **_: Any) -> None:
        super().__init__(_BoundedSocket(sock, budget), method=method)  # type: ignore[arg-type]  # it reads only


def origin_of(scheme: str, host: str, port: int | None) -> Origin:
    return scheme, host, port or (443 if scheme == "https" else 80)


def connect(origin: Origin, budget: Budget, *, ip: str | None = None) -> http.client.HTTPConnection:
    """Open a connection; to the given address of the host, where somebody has looked at it before."""
    scheme, host, port = origin
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=budget.seconds_left(), context=_tls()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=budget.seconds_left())
    if ip is not None:
        connection._create_connection = partial(_to_address, ip)  # type: ignore[attr-defined]  # noqa: SLF001  # its one way to say so
    connection.connect()
    return connection


def exchange(
    connection: http.client.HTTPConnection,
    request: tuple[str, str, bytes | None],
    headers: Mapping[str, str],
    budget: Budget,
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request (method, target, body) and read the whole answer.

    Raises Exceeded, OSError or HTTPException.
    """
    method, target, body = request
    connection.response_class = partial(_Response, budget=budget)  # type: ignore[assignment]  # its signature
    assert connection.sock is not None  # noqa: S101  # connected by ``connect``
    connection.sock.settimeout(budget.seconds_left())
    connection.request(method, target, body, {**PLAIN, **headers})
    response = connection.getresponse()
    with closing(response):
        _refuse_encoded(response)
        return response, _body(response)


def _to_address(address: str, host_and_port: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
    return socket.create_connection((address, host_and_port[1]), *args, **options)


@cache
def _tls() -> ssl.SSLContext:
    """One context for all: loading the system's certificates takes 16 ms."""
    return ssl.create_default_context()


def _refuse_encoded(response: http.client.HTTPResponse) -> None:
    """We asked for plain bytes; what unpacks to more than it weighs is not read."""
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Unwanted("the answer is compressed, which was not asked for")


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read the body in one bounded piece: without a size, memory is set aside for whatever length is announced."""
    body = response.read(LARGEST_ANSWER)
    if response.length:  # what an announced length still lacks; a bounded read does not complain itself
        raise http.client.IncompleteRead(body, response.length)
    return body
