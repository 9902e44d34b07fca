"""Outgoing HTTP. Each exchange has a budget: one overall deadline and a size cap; no redirects, no proxies.

``providers.upstream`` uses it to call providers, ``webhooks`` to call receivers.
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
    """The call took too long, or its answer is one that we do not read."""


class Unwanted(Exceeded):
    """An answer came, but it is too large or compressed."""


@dataclass
class Budget:
    """What remains of one call's budget: the time until its deadline, and the bytes until its cap."""

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
    """Reads a socket within a budget, which stops slowly dripping headers as well as an endless body.

    ``http.client`` closes the connection as soon as the headers of a ``Connection: close`` answer are read. The socket
    stays open until this reader is closed as well, as it would with the file object that ``http.client`` makes.
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
    """The part of a socket's interface that ``http.client`` uses to read a response."""

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
    """Open a connection. With ``ip``, connect to this address of the host, which the caller has checked before."""
    scheme, host, port = origin
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=budget.seconds_left(), context=_tls()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=budget.seconds_left())
    if ip is not None:
        connection._create_connection = partial(_to_address, ip)  # type: ignore[attr-defined]  # noqa: SLF001  # the only hook for it
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
    """Share one context, because loading the system's certificates takes 16 ms."""
    return ssl.create_default_context()


def _refuse_encoded(response: http.client.HTTPResponse) -> None:
    """Refuse a compressed body, which could unpack to far more than the cap. We asked for ``identity``."""
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise Unwanted("the answer is compressed although we asked for identity")


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read the body with a bound: without one, ``read`` allocates whatever length the peer announces."""
    body = response.read(LARGEST_ANSWER)
    if response.length:  # bytes missing from the announced length, about which a bounded read does not complain
        raise http.client.IncompleteRead(body, response.length)
    return body
