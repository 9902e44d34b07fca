"""Requests and answers as plain values between the socket and the endpoints."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from urllib.parse import parse_qs, unquote_plus, urlencode

Fields = tuple[tuple[str, str], ...]


class RepeatedParameter(Exception):
    """RFC 6749, section 3.1: parameters must not be included more than once."""


class Manner(Enum):
    """How an answer is sent. Everything but PLAIN is a failing provider."""

    PLAIN = auto()
    HANG = auto()
    DRIP_HEADERS = auto()
    DRIP_BODY = auto()
    TRUNCATED = auto()
    RESET = auto()
    ENDLESS_CONTINUE = auto()
    HUGE = auto()


@dataclass(frozen=True)
class Request:
    """One HTTP request. Header names are in lower case."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    def header(self, name: str) -> str:
        return (self.headers or {}).get(name, "")

    @cached_property
    def query(self) -> dict[str, str]:
        return single_values(self.query_string)

    @cached_property
    def form(self) -> dict[str, str]:
        return single_values(self.body.decode("utf-8", "replace"))

    @cached_property
    def basic_credentials(self) -> tuple[str, str] | None:
        """RFC 6749, section 2.3.1: both halves are form-encoded before they are joined."""
        scheme, _, encoded = self.header("authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ("", "")
        return (unquote_plus(name), unquote_plus(secret))

    @property
    def bearer_token(self) -> str:
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() in {"bearer", "token"} else ""

    def cookie(self, name: str) -> str:
        """Find a cookie without a strict parser: the product's cookies come too, since ports do not separate them."""
        for part in self.header("cookie").split(";"):
            found, _, value = part.strip().partition("=")
            if found == name:
                return value
        return ""


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Fields = ()
    manner: Manner = Manner.PLAIN

    @property
    def json(self) -> dict[str, object]:
        """The body, which must be a JSON object."""
        document: dict[str, object] = json.loads(self.body)
        return document


def single_values(encoded: str) -> dict[str, str]:
    values = parse_qs(encoded, keep_blank_values=True, errors="replace")
    repeated = [name for name, found in values.items() if len(found) > 1]
    if repeated:
        raise RepeatedParameter(repeated[0])
    return {name: found[0] for name, found in values.items()}


def json_answer(document: object, status: int = 200, headers: Fields = ()) -> Answer:
    return Answer(status, json.dumps(document).encode(), "application/json", headers)


def form_answer(fields: Mapping[str, object]) -> Answer:
    return Answer(200, urlencode(fields).encode(), "application/x-www-form-urlencoded")


def html_answer(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), "text/html; charset=utf-8")


def redirect(target: str, status: int = 302, headers: Fields = ()) -> Answer:
    return Answer(status, b"", "text/plain", (("Location", target), *headers))


def with_parameters(url: str, parameters: Fields) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
