"""Calls to the issuer: https (http on this machine only), no redirect, little time, small answers."""

import ipaddress
import os
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from vestibule_verify.errors import Unavailable
from vestibule_verify.strict_json import parse_object

LARGEST = 512 * 1024  # bytes of an answer


def check_url(url: str) -> str:
    """Return a URL that may be called. Raises ValueError."""
    parts = urlsplit(url)
    is_allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_allowed or not parts.hostname or parts.username or parts.password or parts.fragment:
        raise ValueError(f"{url} must be an https URL (http only on this machine)")
    return url


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Fetcher:
    """Asks for JSON objects. Its connections are those of one process: after a fork there are new ones."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._clients: dict[tuple[int, bool], httpx.Client] = {}

    def get(self, url: str) -> dict[str, Any]:
        """Return the object at a URL. Raises Unavailable."""
        return self._ask("GET", url, headers={"Cache-Control": "no-cache"})

    def post(self, url: str, form: Mapping[str, str], *, authorization: str) -> dict[str, Any]:
        """Return the object with which a form is answered. Raises Unavailable."""
        return self._ask("POST", url, headers={"Authorization": authorization}, form=form)

    def _ask(
        self, method: str, url: str, *, headers: dict[str, str], form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            client = self._client(is_local=is_loopback(urlsplit(check_url(url)).hostname or ""))
            with client.stream(method, url, headers={"Accept": "application/json", **headers}, data=form) as response:
                body = self._body(response)
            if response.status_code != 200:
                raise Unavailable(f"{url} answered {response.status_code}")
            return parse_object(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failed:
            raise Unavailable(f"{url}: {type(failed).__name__}") from None

    def _body(self, response: httpx.Response) -> bytes:
        """Read an answer. Raises Unavailable if it is too large, or comes too slowly."""
        until, body = time.monotonic() + self._seconds, b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST or time.monotonic() > until:
                raise Unavailable("an answer was too large or too slow")
        return body

    def _client(self, *, is_local: bool) -> httpx.Client:
        key = (os.getpid(), is_local)
        with self._lock:
            if key not in self._clients:
                # A call to this machine goes through no proxy.
                self._clients[key] = httpx.Client(timeout=self._seconds, trust_env=not is_local)
            return self._clients[key]
