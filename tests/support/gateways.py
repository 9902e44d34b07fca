"""Proxies that ask Vestibule about each request, as docs/forward-auth.md configures nginx, Traefik and Caddy."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.test import Client as Vestibule

from config.variables import CHECKOUT

FORWARD = "/oauth/forward"
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
TOKEN = re.compile(r'"([^"]*)"|([{};])|#[^\n]*|([^\s{};"]+)')


def example(language: str) -> str:
    """Return the example configuration in the documentation for a proxy."""
    text = (CHECKOUT / "docs" / "forward-auth.md").read_text()
    return text.split(f"```{language}\n", 1)[1].split("```", 1)[0]


@dataclass(frozen=True, kw_only=True)
class GatewayAnswer:
    """What the browser gets. ``seen`` are the headers of the request that reached the application, or None."""

    status: int
    headers: Mapping[str, str]
    seen: Mapping[str, str] | None = None

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Gateway:
    """A proxy in front of an application at ``origin``. It speaks with Vestibule from a trusted address."""

    origin: str = "https://wiki.example.com"
    asks: list[Any] = field(default_factory=list)  # the responses of Vestibule

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> GatewayAnswer:
        raise NotImplementedError

    def ask(self, headers: Mapping[str, str]) -> Any:
        answer = Vestibule(raise_request_exception=False).get(FORWARD, headers=dict(headers), REMOTE_ADDR="127.0.0.1")
        assert len(answer.cookies) <= 1, "nginx passes on one cookie"
        self.asks.append(answer)
        return answer


class ForwardAuth(Gateway):
    """Traefik's ForwardAuth and Caddy's forward_auth: 2xx goes on, anything else is the answer."""

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> GatewayAnswer:
        parts = urlsplit(self.origin)
        told = {
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": parts.scheme,
            "X-Forwarded-Host": parts.netloc,
            "X-Forwarded-Uri": path,
            "X-Forwarded-Method": method,
        }
        sent = {name: value for name, value in (headers or PAGE).items() if not self.strips(name)}
        answer = self.ask(sent | told)
        if not 200 <= answer.status_code < 300:
            return GatewayAnswer(status=answer.status_code, headers=_headers(answer))
        copied = {name: value for name, value in answer.headers.items() if self.copies(name)}
        return GatewayAnswer(status=200, headers={}, seen=sent | copied)

    def copies(self, name: str) -> bool:
        raise NotImplementedError

    def strips(self, name: str) -> bool:
        raise NotImplementedError


class Traefik(ForwardAuth):
    """``authResponseHeadersRegex`` removes the headers that match from the request, and copies those of the answer."""

    def copies(self, name: str) -> bool:
        (expression,) = re.findall(r'authResponseHeadersRegex: "(.*)"', example("yaml"))
        return re.search(expression, name) is not None

    def strips(self, name: str) -> bool:
        return self.copies(name)


class Caddy(ForwardAuth):
    def copies(self, name: str) -> bool:
        (line,) = re.findall(r"copy_headers (.*)", example("caddy"))
        return name in line.split()

    def strips(self, name: str) -> bool:
        beginnings = re.findall(r"request_header -(\S+)\*", example("caddy"))
        return name.casefold().startswith(tuple(one.casefold() for one in beginnings))


class Nginx(Gateway):
    """What nginx does with the directives of the example, as its documentation and its source say.

    A request line may name a host, which chooses the server, and the header Host another, which is ``$http_host``.
    """

    server: Any = None

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> GatewayAnswer:
        # nginx drops headers with underscores, unless it is told not to.
        sent = {name: value for name, value in (headers or PAGE).items() if "_" not in name}
        parts = urlsplit(self.origin)
        text = example("nginx").replace("https://wiki.example.com", self.origin)
        ((_, _, self.server),) = _parsed(iter(_tokens(text.replace("wiki.example.com", parts.netloc))))
        known = {
            "scheme": parts.scheme,
            "http_host": sent.get("Host", parts.netloc),
            "request_uri": path,
            "request_method": method,
            "remote_addr": "203.0.113.7",
        }
        location = self._location(["/"])
        (uri,) = next(args for name, args, _ in self.server if name == "auth_request")
        answer = self.ask(self._sent_on(self._location(["=", uri]), sent, known))
        if answer.status_code not in {401, 403} and not 200 <= answer.status_code < 300:
            return GatewayAnswer(status=500, headers={})
        for name, args, _ in self.server:
            if name == "auth_request_set":
                known[args[0][1:]] = self._value(args[1], known, _headers(answer))
        if answer.status_code < 300:
            return GatewayAnswer(status=200, headers={}, seen=self._sent_on(location, sent, known))
        pages = {args[0]: args[-1] for name, args, _ in self.server if name == "error_page"}
        if str(answer.status_code) not in pages:
            return GatewayAnswer(status=answer.status_code, headers={})
        return self._run(self._location([pages[str(answer.status_code)]]), known)

    def _location(self, wanted: list[str]) -> Any:
        return next(block for name, args, block in self.server if name == "location" and args == wanted)

    def _sent_on(self, location: Any, sent: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """``proxy_set_header`` replaces a header, and removes it if the value is empty."""
        found = {name.title(): value for name, value in sent.items()}
        for name, args, _ in location:
            if name == "proxy_set_header":
                found[args[0].title()] = self._value(args[1], known, {})
        return {name: value for name, value in found.items() if value}

    def _run(self, location: Any, known: Mapping[str, str]) -> GatewayAnswer:
        added = {args[0]: self._value(args[1], known, {}) for name, args, _ in location if name == "add_header"}
        headers = {name: value for name, value in added.items() if value}
        for name, args, block in location:
            if name == "if" and self._value(args[0].strip("()"), known, {}):
                return self._run([*((n, a, b) for n, a, b in location if n == "add_header"), *block], known)
            if name == "return":
                to = {"Location": self._value(args[1], known, {})} if len(args) > 1 else {}
                return GatewayAnswer(status=int(args[0]), headers=headers | to)
        raise AssertionError("the location returns nothing")

    def _value(self, text: str, known: Mapping[str, str], upstream: Mapping[str, str]) -> str:
        def variable(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("upstream_http_"):
                wanted = name.removeprefix("upstream_http_").replace("_", "-").title()
                return upstream.get(wanted, "")
            return known[name]

        return re.sub(r"\$(\w+)", variable, text)


@dataclass
class HostBrowser:
    """A browser at a protected host: it keeps the host's cookies and follows what the proxy answers."""

    gateway: Gateway
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> GatewayAnswer:
        cookie = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        sent = {**(headers or PAGE), **({"Cookie": cookie} if cookie else {})}
        answer = self.gateway.get(path, sent, method=method)
        self.cookies.load(answer.headers.get("Set-Cookie", ""))
        return answer


def _headers(answer: Any) -> dict[str, str]:
    cookie = answer.cookies.output(header="", sep="").strip()
    return {**answer.headers, **({"Set-Cookie": cookie} if cookie else {})}


def _tokens(text: str) -> Iterator[str]:
    for found in TOKEN.finditer(text):
        if not found[0].startswith("#"):
            yield found[1] if found[1] is not None else found[2] or found[3]


def _parsed(tokens: Iterator[str]) -> list[tuple[str, list[str], Any]]:
    """Parse directives, each a name, its arguments, and the directives in its block."""
    found: list[tuple[str, list[str], Any]] = []
    words: list[str] = []
    for token in tokens:
        if token == "}":
            break
        if token in {";", "{"}:
            found.append((words[0], words[1:], _parsed(tokens) if token == "{" else None))
            words = []
        else:
            words.append(token)
    return found
