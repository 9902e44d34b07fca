"""Checks of the site's URL, its host names and issuers for values that can never work."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from foundation.hosts import USUAL_PORTS, is_host, is_loopback, is_name

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = "/protocol/openid-connect"  # Keycloak's, below the issuer


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
    if not url.startswith(f"{parts.scheme}://{parts.netloc}") or not is_host(host):
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
    if host == "*" or (is_name(name[1:]) if name.startswith(".") else is_host(name)):
        return None
    return f"{host!r} is not a host name: leave out scheme, port and path"


def _is_nowhere(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
