"""Checks of the site's URL, its host names and issuers for values that can never work."""

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

USUAL_PORTS = {"https": ":443", "http": ":80"}
# One label of a host name that both Django and browsers accept: no underscore, and no hyphen at either end.
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
LONGEST_NAME = 253  # RFC 1035, section 2.3.4, in its written form
NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")  # a last label with which the host is an IPv4 address (WHATWG URL)
A_LABEL = "xn--"
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = "/protocol/openid-connect"  # Keycloak's, below the issuer


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_url(url: str) -> bool:
    """Whether a URL is absolute and either https or on loopback, without user info, query or fragment."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or port == 0 or parts.netloc.endswith(":"):
        return False
    if {"?", "#", "\\", " "} & set(url) or not (url.isascii() and url.isprintable()):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def fault_of_public_url(url: str) -> str | None:
    """Return why PUBLIC_URL can never work, or None.

    Browsers and providers compare it character by character: as an Origin, a redirect URI and an issuer.
    """
    parts = urlsplit(url)
    if parts.path:
        return "must have no path: the site is served at the root of its host, and only there"
    if parts.netloc.endswith(USUAL_PORTS.get(parts.scheme, "")):
        return "must be written as browsers do, without the default port"
    host = parts.netloc.removesuffix(f":{parts.port}")
    if not url.startswith(f"{parts.scheme}://{parts.netloc}") or not _is_host(host):
        return "must be written as browsers do: in lower case, with labels beyond ASCII as xn--…"
    if _is_nowhere(host):
        return "must be an address that others can reach: this one stands for all addresses of a machine"
    return None


def fault_of_issuer(url: str) -> str | None:
    if url.rstrip("/").endswith(DISCOVERY):
        return f"must be the issuer itself, without {DISCOVERY}"
    if ENDPOINTS in urlsplit(url).path:
        return f"must be the issuer itself, without {ENDPOINTS} and what follows"
    return None


def fault_of_host(host: str) -> str | None:
    """Return why an entry of ALLOWED_HOSTS can never match, or None: Django compares it with a name without port."""
    name = host.lower()
    if host == "*" or (_is_name(name[1:]) if name.startswith(".") else _is_host(name)):
        return None
    return f"{host!r} is not a host name: leave out scheme, port and path"


def _is_host(host: str) -> bool:
    """Whether it is a name or an IP address as browsers write it in a Host header."""
    if host.startswith("["):
        return _is_ipv6(host)
    return _is_ipv4(host) if NUMBER.match(host.rpartition(".")[2]) else _is_name(host)


def _is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and all(_is_label(label) for label in name.split("."))


def _is_label(label: str) -> bool:
    if not LABEL.match(label):
        return False
    try:
        return not label.startswith(A_LABEL) or bool(idna.ulabel(label))
    except idna.IDNAError:
        return False


def _is_ipv4(host: str) -> bool:
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False


def _is_ipv6(host: str) -> bool:
    """Browsers compress an IPv6 address, and write no part of it in dotted form."""
    try:
        address = IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return "." not in host and host == f"[{address.compressed}]"


def _is_nowhere(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
