"""A minimal HTTP client for the people of the benchmark, with as little work per request as correctness allows."""

import json
import re
import socket
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from urllib.parse import urlencode, urlsplit

SECONDS = 120  # a peer may take long with five million rows
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


class Unexpected(Exception):
    """A response is not the one that the measurement requires."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    @property
    def location(self) -> str:
        return self.header("location")

    def json(self) -> dict[str, Any]:
        """Return the object in the body, or an empty one where there is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Connection:
    """One persistent connection to a server on loopback."""

    def __init__(self, base: str) -> None:
        self.host = urlsplit(base).netloc
        name, _, port = self.host.partition(":")
        self._socket = socket.create_connection((name, int(port)), timeout=SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._socket.close()

    def ask(
        self,
        method: str,
        target: str,
        *,
        cookies: str = "",
        form: dict[str, str] | None = None,
        authorization: str = "",
    ) -> Answer:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", "User-Agent: bench"]
        if cookies:
            lines.append(f"Cookie: {cookies}")
        if authorization:
            lines.append(f"Authorization: {authorization}")
        body = b""
        if form is not None:
            body = urlencode(form).encode()
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return self._answer()

    def _answer(self) -> Answer:
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = []
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        known = dict(headers)
        if known.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            body = self._exactly(int(known.get("content-length", "0")))
        return Answer(int(head[0].split(" ", 2)[1]), headers, body)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return body

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _receive(self) -> None:
        came = self._socket.recv(65536)
        if not came:
            raise Unexpected("the server closed the connection in the middle of an answer")
        self._buffer += came


class Site(Protocol):
    """Anything that answers a browser's requests."""

    host: str

    def ask(self, method: str, target: str, *, cookies: str = "", form: dict[str, str] | None = None) -> Answer: ...


@dataclass
class Browser:
    """One person's browser at one site: its cookies and its connection."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, target: str) -> Answer:
        return self._ask("GET", target, None)

    def post(self, target: str, form: dict[str, str]) -> Answer:
        return self._ask("POST", target, form)

    def token_on(self, target: str) -> str:
        """Open a page and return the CSRF token of its form."""
        found = _TOKEN.search(self.get(target).body)
        if found is None:
            raise Unexpected(f"{target} has no form with a CSRF token")
        return found[1].decode()

    @property
    def cookie_line(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _ask(self, method: str, target: str, form: dict[str, str] | None) -> Answer:
        path = target.removeprefix(f"http://{self.site.host}")
        answer = self.site.ask(method, path, cookies=self.cookie_line, form=form)
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer
