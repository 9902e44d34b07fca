"""Where a request came from, according to one forwarding header, and only if a trusted proxy sent it.

``FORWARDING_HEADER`` names the header that the proxies set. They pass on other headers of the client unchanged, so
every other header that names an address, a host or a scheme is removed, whoever sent it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from api.forward.asked import FORWARDING

X_FORWARDED_FOR, FORWARDED = "X-Forwarded-For", "Forwarded"
HEADERS = (X_FORWARDED_FOR, FORWARDED)  # the values of FORWARDING_HEADER; the second is RFC 7239
REMOVED = frozenset(
    {
        "HTTP_CLIENT_IP", "HTTP_FASTLY_CLIENT_IP", "HTTP_FORWARDED", "HTTP_FORWARDED_FOR", "HTTP_FRONT_END_HTTPS",
        "HTTP_TRUE_CLIENT_IP", "HTTP_VIA_IP", "HTTP_X_APPENGINE_USER_IP", "HTTP_X_CLIENT_IP",
        "HTTP_X_CLUSTER_CLIENT_IP", "HTTP_X_HOST", "HTTP_X_REAL_IP", "HTTP_X_REMOTE_ADDR", "HTTP_X_REWRITE_URL",
        "HTTP_X_SCHEME", "HTTP_X_URL_SCHEME",
    }
)  # fmt: skip
BEGINNINGS = ("HTTP_X_FORWARDED", "HTTP_X_ORIGINAL", "HTTP_X_PROXYUSER", "HTTP_CF_CONNECTING")
LONGEST_HOP = 256  # characters: a longer element is not parsed

V4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}\Z")
V6_IN_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?\Z")
NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2: a token
# A name and its value (RFC 7239, section 4). An address with a port must be quoted; some proxies omit the quotes.
PAIR = re.compile(rf'[ \t]*({NAME})=(?:([\[\]:!#$%&\'*+.^_`|~0-9A-Za-z-]+)|"([^"\\,;]*)")[ \t]*\Z')

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, kw_only=True)
class Hop:
    """What one proxy reports about its client. ``address`` is None if it cannot be parsed."""

    address: Address | None
    is_over_tls: bool = False


def forwarding(get_response: Any) -> Any:
    """Take the client's address and scheme from the forwarding header, if a trusted proxy sent it.

    The client is the nearest address that is not a trusted proxy: anyone can forge what is left of it.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        meta = request.META
        found = {name: meta.pop(name) for name in [*meta] if name in REMOVED or name.startswith(BEGINNINGS)}
        if is_proxy(_peer(meta.get("REMOTE_ADDR", "")), settings.TRUSTED_PROXIES):
            meta[FORWARDING] = found
            client = nearest_stranger(_hops(found), settings.TRUSTED_PROXIES)
            if client is not None and client.address is not None:
                meta["REMOTE_ADDR"] = str(client.address)
            if _is_over_tls(found, client):
                meta["wsgi.url_scheme"] = "https"
        response: HttpResponseBase = get_response(request)
        return response

    return handle


def nearest_stranger(hops: Iterable[Hop], proxies: Networks) -> Hop | None:
    """Return the hop nearest to us that is not a trusted proxy. None if a hop before it cannot be parsed."""
    for hop in hops:
        if hop.address is None:
            return None
        if not is_proxy(hop.address, proxies):
            return hop
    return None


def hops_of_x_forwarded_for(text: str) -> Iterator[Hop]:
    """Parse X-Forwarded-For, the nearest hop first. An address may have the client's port, as Azure adds it."""
    for part in _parts(text):
        yield Hop(address=address_in(part))


def hops_of_forwarded(text: str) -> Iterator[Hop]:
    """Parse Forwarded (RFC 7239), the nearest hop first.

    No value that we use contains a comma or a semicolon, so the text is split at each of them, even within quotation
    marks. Such a fragment does not parse as an element, and ends the search.
    """
    for part in _parts(text):
        yield _hop(part)


def address_in(text: str) -> Address | None:
    """Return the address in ``203.0.113.7``, ``203.0.113.7:51234``, ``2001:db8::7``, ``[2001:db8::7]:51234``."""
    text = text.strip(" \t")
    with_port = V4_WITH_PORT.match(text) or V6_IN_BRACKETS.match(text)
    try:
        found = ip_address(with_port[1] if with_port else text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return None if found.scope_id else found.ipv4_mapped or found
    return None if text.startswith("[") else found


_peer = lru_cache(maxsize=1024)(address_in)  # peers come back, and their texts are short


def is_proxy(ip: Address | None, proxies: Networks) -> bool:
    return ip is not None and any(ip in network for network in proxies)


def _hops(header: dict[str, str]) -> Iterator[Hop]:
    if settings.FORWARDING_HEADER == FORWARDED:
        return hops_of_forwarded(header.get("HTTP_FORWARDED", ""))
    return hops_of_x_forwarded_for(header.get("HTTP_X_FORWARDED_FOR", ""))


def _is_over_tls(header: dict[str, str], found: Hop | None) -> bool:
    """``X-Forwarded-For`` does not contain the scheme; ``X-Forwarded-Proto`` does."""
    if settings.FORWARDING_HEADER == FORWARDED:
        return found is not None and found.is_over_tls
    return header.get("HTTP_X_FORWARDED_PROTO", "").lower() == "https"


def _parts(text: str) -> Iterator[str]:
    return (part for part in reversed(text.split(",")) if part.strip(" \t"))


def _hop(part: str) -> Hop:
    if len(part) > LONGEST_HOP:
        return Hop(address=None)
    pairs = [PAIR.match(pair) for pair in part.split(";") if pair.strip(" \t")]
    found = {pair[1].lower(): pair[2] or pair[3] or "" for pair in pairs if pair}
    if len(found) != len(pairs):  # not parsed, or a duplicate name (RFC 7239, section 4)
        return Hop(address=None)
    return Hop(address=address_in(found.get("for", "")), is_over_tls=found.get("proto", "").lower() == "https")
