"""Redirect URIs: which may be registered, and whether a request names a registered one (RFC 9700, section 2.1)."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST = 500
WEB = frozenset({"http", "https"})
AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?\Z")  # urlsplit is lenient
LOOPBACK = frozenset({"127.0.0.1", "::1"})  # RFC 8252, section 7.3


def fault_of(uri: str, *, is_public: bool) -> str | Promise | None:
    """Return why a redirect URI may not be registered, or None.

    It is an https URL, a loopback URL, or, for a public client, of a private-use scheme (RFC 8252, section 7).
    """
    if len(uri) > LONGEST or not _is_plain(uri):
        return _("A redirect URI has at most 500 visible ASCII characters.")
    if "#" in uri:
        return _("A redirect URI has no fragment (RFC 6749, section 3.1.2).")
    parts = _split(uri)
    if parts is None or not parts.scheme:
        return _("A redirect URI is absolute: it begins with https://.")
    if "*" in uri or (parts.scheme in WEB and not AUTHORITY.match(parts.netloc)):
        return _("A redirect URI names one host, without a user and without a wildcard.")
    return _fault_of_scheme(uri, parts, is_public=is_public)


def _fault_of_scheme(uri: str, parts: SplitResult, *, is_public: bool) -> Promise | None:
    if parts.scheme in WEB:
        return (
            None
            if parts.scheme == "https" or is_loopback(uri)
            else _("Without TLS only loopback is allowed: http://localhost, http://127.0.0.1 or http://[::1].")
        )
    if is_public and "." in parts.scheme:
        return None
    return _("A scheme of an app's own is its reversed domain name, as in com.example.app:/callback, of a public app.")


def is_loopback(uri: str) -> bool:
    """Whether a URI leads to the person's own machine over HTTP."""
    parts = _split(uri)
    if parts is None or not AUTHORITY.match(parts.netloc):
        return False
    return parts.scheme == "http" and parts.hostname in {"localhost", *LOOPBACK}


def is_native(uri: str) -> bool:
    """Whether another program on the person's machine could receive the response (RFC 8252, section 8.6)."""
    parts = _split(uri)
    return parts is None or parts.scheme != "https"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether a redirect URI is registered, compared as a string. Only the port of a loopback IP address is free.

    Native apps cannot know their port beforehand (RFC 8252, section 7.3).
    """
    if not _is_plain(uri):
        return False
    return any(uri == one or (_has_free_port(one) and _without_port(uri) == _without_port(one)) for one in registered)


def _has_free_port(uri: str) -> bool:
    parts = _split(uri)
    return is_loopback(uri) and parts is not None and parts.hostname != "localhost"


def _without_port(uri: str) -> str | None:
    parts = _split(uri)
    if parts is None or not AUTHORITY.match(parts.netloc) or "#" in uri:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{uri[len(parts.scheme) + 3 + len(parts.netloc) :]}"


def _is_plain(uri: str) -> bool:
    """Whether a URI has only characters that every parser reads alike: browsers drop tabs and turn backslashes."""
    return uri.isascii() and uri.isprintable() and " " not in uri and "\\" not in uri


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
