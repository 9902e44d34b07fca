"""What of the site's own address, of its host names and of issuers can never work, said with the reason."""

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

USUAL_PORTS = {"https": ":443", "http": ":80"}
# What Django takes for the name of a host, and browsers for a label of one: no underscore, nothing at its edges.
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
LONGEST_NAME = 253  # RFC 1035, section 2.3.4, as it is written
NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")  # a last label by which browsers read an IPv4 address (WHATWG URL)
A_LABEL = "xn--"
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = "/protocol/openid-connect"  # Keycloak's, beneath the issuer


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
    """Browsers and providers compare it letter by letter with what they know: an Origin, a redirect URI, an issuer."""
    parts = urlsplit(url)
    if parts.path:
        return "must have no path: the site is served at the root of its host, and only there"
    if parts.netloc.endswith(USUAL_PORTS.get(parts.scheme, "")):
        return "must be written as browsers do, without the usual port"
    host = parts.netloc.removesuffix(f":{parts.port}")
    if not url.startswith(f"{parts.scheme}://{parts.netloc}") or not _is_host(host):
        return "must be written as browsers do: small letters, and a name in other letters as xn--…"
    if _is_nowhere(host):
        return "must be an address that somebody can reach: this one means any of a machine's own"
    return None


def fault_of_issuer(url: str) -> str | None:
    if url.rstrip("/").endswith(DISCOVERY):
        return f"must be the issuer itself, without {DISCOVERY}"
    if ENDPOINTS in urlsplit(url).path:
        return f"must be the issuer itself, without {ENDPOINTS} and what follows"
    return None


def fault_of_host(host: str) -> str | None:
    """Django compares names alone: no entry with more in it ever allows anything."""
    name = host.lower()
    if host == "*" or (_is_name(name[1:]) if name.startswith(".") else _is_host(name)):
        return None
    return f"{host!r} is no host name: neither scheme nor port nor path belongs there"


def _is_host(host: str) -> bool:
    """Whether it is a name or an address, as a browser would write it into a Host header."""
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
    """Browsers shorten an address, and write no part of it with dots."""
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
