"""What a proxy asks: which request, to which protected host. Its headers count only from a trusted proxy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

from django.http import HttpRequest

from authserver.models import ProtectedHost
from foundation.hosts import is_origin

FORWARDING = "vestibule.forwarding"  # in request.META: the headers that config.proxies has removed, of a trusted proxy
URL = re.compile(r"(https?://[^/?#]*)(.*)\Z", re.DOTALL)
OF_WEBSOCKETS = {"ws": "http", "wss": "https"}  # as Traefik names the scheme of a WebSocket's request
LONGEST = 1600  # characters of a path, quoted: with all else it fits into the URL of our page (foundation.next_page)


class ForwardRefused(Exception):
    """The question cannot be answered: ``reason`` says why, and ``origin`` which host was asked for, if any."""

    def __init__(self, reason: str, *, origin: str = "") -> None:
        super().__init__(reason)
        self.reason, self.origin = reason, origin


@dataclass(frozen=True, kw_only=True)
class AskedRequest:
    """A request to a protected host. ``path`` includes the query, and may contain anything.

    ``is_navigation`` means that a browser shows the response as a page, so that people can be sent somewhere else.
    ``has_redirects`` means that the proxy passes our redirects on; nginx does so only by its configuration.
    """

    host: ProtectedHost
    path: str
    is_navigation: bool
    has_redirects: bool

    @property
    def url(self) -> str:
        """The URL to which people come back."""
        return url_at(self.host.origin, self.path)


def read(request: HttpRequest) -> AskedRequest:
    """Return what the proxy asks. Raises ForwardRefused.

    nginx is configured to send ``X-Original-URL``; Traefik and Caddy send ``X-Forwarded-Uri`` and its like. A request
    with both is refused, because one of them came from a stranger.
    """
    headers: Mapping[str, str] | None = request.META.get(FORWARDING)
    if headers is None:
        raise ForwardRefused("not_from_a_proxy")
    has_url, has_parts = "HTTP_X_ORIGINAL_URL" in headers, "HTTP_X_FORWARDED_URI" in headers
    if has_url == has_parts:
        raise ForwardRefused("ambiguous" if has_url else "incomplete")
    origin, path = _of_url(headers) if has_url else _of_parts(headers)
    method = headers.get("HTTP_X_ORIGINAL_METHOD" if has_url else "HTTP_X_FORWARDED_METHOD", "")
    return AskedRequest(
        host=host_of(origin),
        path=path,
        is_navigation=method == "GET" and _is_navigation(request.headers),
        has_redirects=has_parts,
    )


def host_of(origin: str) -> ProtectedHost:
    """Return the protected host with this origin. Raises ForwardRefused."""
    if not is_origin(origin):
        raise ForwardRefused("host_malformed")
    host = ProtectedHost.objects.filter(origin=origin, is_active=True).first()
    if host is None:
        raise ForwardRefused("host_unknown", origin=origin)
    return host


def url_at(origin: str, path: str) -> str:
    """Return the URL of a path at an origin: that of its first page for a path that no browser sends like this."""
    is_plain = path.isascii() and path.isprintable() and not {" ", "\\"} & set(path)
    return f"{origin}{path if is_plain and path.startswith('/') and len(quote_plus(path)) <= LONGEST else '/'}"


def split(url: str) -> tuple[str, str]:
    """Return the origin of a URL, and the rest. Both are empty for anything else."""
    found = URL.match(url)
    return (found[1], found[2]) if found else ("", "")


def _of_url(headers: Mapping[str, str]) -> tuple[str, str]:
    return split(headers["HTTP_X_ORIGINAL_URL"])


def _of_parts(headers: Mapping[str, str]) -> tuple[str, str]:
    scheme = headers.get("HTTP_X_FORWARDED_PROTO", "")
    host = headers.get("HTTP_X_FORWARDED_HOST", "")
    return f"{OF_WEBSOCKETS.get(scheme, scheme)}://{host}", headers["HTTP_X_FORWARDED_URI"]


def _is_navigation(headers: Mapping[str, str]) -> bool:
    """Browsers say so (Fetch Metadata Request Headers); without that, who accepts HTML does."""
    mode = headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate" and headers.get("Sec-Fetch-Dest", "document") == "document"
    return "text/html" in headers.get("Accept", "")
