"""What of the site's own address, of its host names and of issuers can never work, said with the reason."""

import re
from urllib.parse import urlsplit

USUAL_PORTS = {"https": ":443", "http": ":80"}
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])\Z")
DISCOVERY = "/.well-known/openid-configuration"


def fault_of_public_url(url: str) -> str | None:
    """Browsers and providers compare it letter by letter with what they know: an Origin, a redirect URI, an issuer."""
    parts = urlsplit(url)
    if parts.path:
        return "must have no path: the site is served at the root of its host, and only there"
    if parts.netloc.endswith(USUAL_PORTS.get(parts.scheme, "")):
        return "must be written as browsers do, without the usual port"
    host = parts.netloc.removesuffix(f":{parts.port}")
    if not url.startswith(f"{parts.scheme}://{parts.netloc}") or not HOST.match(host):
        return "must be written as browsers do: small letters, and a name in other letters as xn--…"
    return None


def fault_of_issuer(url: str) -> str | None:
    if url.rstrip("/").endswith(DISCOVERY):
        return f"must be the issuer itself, without {DISCOVERY}"
    return None


def fault_of_host(host: str) -> str | None:
    """Django compares names alone: no entry with more in it ever allows anything."""
    if host == "*" or HOST.match(host.lower().removeprefix(".")):
        return None
    return f"{host!r} is no host name: neither scheme nor port nor path belongs there"
