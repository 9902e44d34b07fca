"""How often something may be done: counted in Redis in fixed windows, for all processes together."""

import hashlib
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audit.events import Event, record


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many times within so many seconds, for each key."""

    kind: str
    most: int
    seconds: int


def take(kind: str, key: str, *, limit: int, seconds: int) -> bool:
    """Count one more, and say whether it is within the limit of this window.

    The first that is not leaves an entry in the trail, and the rest of the window none. Raises RedisError: what
    cannot be counted must not go on, and ends as 503.
    """
    name = _name(kind, key, seconds)
    cache.add(name, 0, 2 * seconds)
    count = cache.incr(name)
    if count == limit + 1:
        record(Event.LIMIT_REACHED, kind=kind, limit=limit, seconds=seconds, personal={"of": key})
    return count <= limit


def is_over(request: HttpRequest, limit: Limit, key: str = "") -> bool:
    """Count one more of a key, or of the client where none is given; exempt networks are never over."""
    if is_exempt(request):
        return False
    return not take(limit.kind, key or client(request), limit=limit.most, seconds=limit.seconds)


def is_exempt(request: HttpRequest) -> bool:
    address = _address(request)
    return address is not None and any(address in network for network in settings.RATE_LIMITS_EXEMPT)


def client(request: HttpRequest) -> str:
    """Name whoever is asking: by address, or by network for IPv6, where everybody has 2^64 addresses."""
    address = _address(request)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "unknown")


def too_often(limit: Limit) -> HttpResponse:
    response = render(None, "429.html", status=429)
    response.headers["Retry-After"] = str(int(limit.seconds - time.time() % limit.seconds) + 1)
    return response


def _name(kind: str, key: str, seconds: int) -> str:
    """No address or other personal value becomes a key in Redis."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"limit:{kind}:{digest}:{int(time.time() // seconds)}"


def _address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
