"""HTTP requests to providers, all through here: a deadline for the whole call, a size limit and no redirects."""

import http.client
import json
import math
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from foundation import receivers
from foundation.outgoing import LARGEST_ANSWER, Budget, Exceeded, Origin, Unwanted, connect, exchange, origin_of
from foundation.receivers import ReceiverRefused
from providers.refusal import RefusalReason, SignInRefused

DEADLINE = 5.0  # seconds for a whole call, from connecting to the last byte
LONGEST_SIGN_IN = 12.0  # seconds for all calls during one request to us
CALLS_AT_ONCE = 4  # for each provider in each process: one that is down blocks no more threads than this
LONGEST_WAIT = 1.0  # seconds to wait for one of these calls to end
IDLE_FOR = 15.0  # seconds for which an idle connection is reused
LATELY = 60.0  # seconds for which a failed call counts as recent

__all__ = ["CALLS_AT_ONCE", "DEADLINE", "LARGEST_ANSWER", "UpstreamClient", "UpstreamResponse", "one_deadline"]


_ends_at: ContextVar[float] = ContextVar("upstream_ends_at", default=math.inf)


@contextmanager
def one_deadline(seconds: float | None = None) -> Iterator[None]:
    """Apply one deadline to all calls within the block: a provider may be slow at each of its endpoints.

    ``seconds`` defaults to LONGEST_SIGN_IN. An outer, earlier deadline still applies.
    """
    token = _ends_at.set(min(_ends_at.get(), time.monotonic() + (seconds or LONGEST_SIGN_IN)))
    try:
        yield
    finally:
        _ends_at.reset(token)


@dataclass(frozen=True, kw_only=True)
class UpstreamResponse:
    """A provider's answer with its status. Redirects are not followed but returned like any other answer."""

    status: int
    body: bytes
    content_type: str = ""  # in lower case, without parameters

    def json(self) -> Any:
        """Parse the body. Raises SignInRefused if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the answer is not JSON") from None

    def object(self) -> dict[str, Any]:
        """Parse the body as a JSON object. Raises SignInRefused if it is not one."""
        value = self.json()
        if not isinstance(value, dict):
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the answer is not a JSON object")
        return value


@dataclass
class UpstreamClient:
    """This process's HTTP client for the hosts of one provider. It records the last success and the last failure.

    With ``is_outward`` it connects to public addresses only, as an administrator of a tenant has chosen the hosts.
    """

    name: str
    is_outward: bool = False
    answered_at: float | None = None  # seconds since the epoch, like failed_at
    failed_at: float | None = None
    _gate: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(CALLS_AT_ONCE))
    _idle: "deque[tuple[Origin, http.client.HTTPConnection, float]]" = field(default_factory=deque)
    _hung_up: "tuple[Origin, float] | None" = None  # the last server that closed its connection, and when

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> UpstreamResponse:
        """Send a GET request. Raises SignInRefused without a complete answer in time."""
        return self._call("GET", url, None, headers or {})

    def post(self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> UpstreamResponse:
        """Post a form. This is never retried, as a code can be used once. Raises SignInRefused without an answer."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._call("POST", url, urlencode(form).encode(), typed)

    def delete(
        self, url: str, document: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        """Send a DELETE request with a JSON body. Raises SignInRefused without a complete answer in time."""
        typed = {"Content-Type": "application/json", **(headers or {})}
        return self._call("DELETE", url, json.dumps(document).encode(), typed)

    def has_open_connection(self) -> bool:
        """Return whether a connection is still open on which the last call, a moment ago, succeeded. Never waits."""
        if (self.failed_at or 0.0) > (self.answered_at or 0.0):
            return False  # the connection may lead to a gateway in front of a server that is down
        for _ in range(len(self._idle)):
            try:
                origin, connection, since = self._idle.popleft()
            except IndexError:
                return False
            if time.monotonic() - since < IDLE_FOR and not _is_readable(connection.sock):
                self._idle.append((origin, connection, since))
                return True
            connection.close()
        return False

    def still_listens(self) -> bool:
        """Return whether a server that answered a moment ago and closed the connection (HTTP/1.0) accepts a new one."""
        if self._hung_up is None or (self.failed_at or 0.0) > (self.answered_at or 0.0):
            return False
        origin, since = self._hung_up
        if time.monotonic() - since >= IDLE_FOR:
            return False
        with self._place():
            try:
                connect(origin, self._budget()).close()
            except (Exceeded, OSError, ValueError):
                return False
        return True

    @property
    def failed_recently(self) -> bool:
        """Whether the last call failed and that was less than a minute ago."""
        failed_at = self.failed_at or 0.0
        return failed_at > (self.answered_at or 0.0) and 0 <= time.time() - failed_at < LATELY

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.popleft()[1].close()

    def _call(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> UpstreamResponse:
        with self._place():
            try:
                answer = self._exchange(method, url, body, headers, self._budget())
            except (ReceiverRefused, Exceeded, OSError, http.client.HTTPException, ValueError) as failure:
                self.failed_at = time.time()
                raise _refusal(method, failure) from failure
            if answer.status < 500:
                self.answered_at = time.time()
            else:
                self.failed_at = time.time()
            return answer

    def _budget(self) -> Budget:
        return Budget(deadline=min(time.monotonic() + DEADLINE, _ends_at.get()))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._gate.acquire(timeout=LONGEST_WAIT):
            raise SignInRefused(RefusalReason.PROVIDER_BUSY, f"{CALLS_AT_ONCE} calls are already in progress")
        try:
            yield
        finally:
            self._gate.release()

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], budget: Budget
    ) -> UpstreamResponse:
        parts = urlsplit(url)
        origin = origin_of(parts.scheme, parts.hostname or "", parts.port)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._reusable(origin) or self._connect(url, origin, budget)
        try:
            typed = {"Accept": "application/json", **headers}
            response, content = exchange(connection, (method, target, body), typed, budget)
            content_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
            answer = UpstreamResponse(status=response.status, body=content, content_type=content_type)
        except BaseException:
            connection.close()
            raise
        self._store(origin, connection, response)
        return answer

    def _connect(self, url: str, origin: Origin, budget: Budget) -> http.client.HTTPConnection:
        return receivers.connect_outward(url, budget) if self.is_outward else connect(origin, budget)

    def _reusable(self, origin: Origin) -> http.client.HTTPConnection | None:
        """Return an idle connection that is still open. One that the server has closed is readable."""
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

    def _store(
        self, origin: Origin, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        self._hung_up = (origin, time.monotonic()) if response.will_close else None
        if response.will_close or connection.sock is None or len(self._idle) >= CALLS_AT_ONCE:
            connection.close()
        else:
            self._idle.append((origin, connection, time.monotonic()))


def _refusal(method: str, failure: Exception) -> SignInRefused:
    """Return a refusal that tells a missing answer (check the network) from an unusable one (check the provider)."""
    if isinstance(failure, ReceiverRefused):
        return SignInRefused(RefusalReason.PROVIDER_NOT_PUBLIC, str(failure))
    if isinstance(failure, Exceeded):
        reason = (
            RefusalReason.PROVIDER_ANSWER_INVALID
            if isinstance(failure, Unwanted)
            else RefusalReason.PROVIDER_UNREACHABLE
        )
        return SignInRefused(reason, str(failure))
    is_an_answer = isinstance(failure, http.client.HTTPException) and not isinstance(failure, OSError)
    reason = RefusalReason.PROVIDER_ANSWER_INVALID if is_an_answer else RefusalReason.PROVIDER_UNREACHABLE
    return SignInRefused(reason, f"{method} failed: {type(failure).__name__}")


def _is_readable(sock: socket.socket | None) -> bool:
    return sock is None or bool(select.select([sock], [], [], 0)[0])
