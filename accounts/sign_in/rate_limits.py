"""How often something may be done: counted in Redis in fixed windows, for all processes together.

What a stranger's act may leave in the trail is limited too, and that also while Redis is away (ADR 31).
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from redis import Redis
from redis.exceptions import RedisError

from audit.context import current
from audit.events import Event, record
from foundation.windows import Windows

logger = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address


class _HasRedis(Protocol):
    def redis(self) -> Redis: ...


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many times within so many seconds, for each key."""

    kind: str
    most: int
    seconds: int


class TooOften(Exception):
    """A limit is reached. What it bounds was not done."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.kind)
        self.limit = limit


REFUSALS = Limit(kind="refusals", most=120, seconds=60)  # of one client, before they leave no more entries
OF_EVERYBODY = Limit(kind="refusals.all", most=1200, seconds=60)  # of all clients together
HERE = Windows()  # this process's own, for the time without Redis


def count(kind: str, key: str, *, limit: int, seconds: int) -> bool:
    """Count one more, and say whether it is within the limit of this window.

    The first that is not leaves an entry in the trail, and the rest of the window none. Raises RedisError: what
    cannot be counted must not go on, and ends as 503.
    """
    count = _count(kind, key, seconds)
    if count == limit + 1 and _is_room_here():
        _note(Limit(kind=kind, most=limit, seconds=seconds), key)
    return count <= limit


def may_leave_entry() -> bool:
    """Whether what is refused now may leave an entry: ask first, and show a reference only where there is one.

    Counted for the client of this request and for all together, so that many addresses are no way past. The first
    that is over leaves an entry in place of the others. While Redis is away each process counts by itself.
    """
    address = _parsed(current().address or "")
    if _is_exempt(address):
        return True
    who = _client(address)
    count = count_anyway(REFUSALS, who)
    if count > REFUSALS.most + 1 or not _is_room():
        return False
    if count == REFUSALS.most + 1:
        _note(REFUSALS, who)
    return count <= REFUSALS.most


def is_over(limit: Limit, key: str = "") -> bool:
    """Count one more of a key, or of this request's client where none is given; exempt networks are never over."""
    address = _parsed(current().address or "")
    if _is_exempt(address):
        return False
    return not count(limit.kind, key or _client(address), limit=limit.most, seconds=limit.seconds)


def check(limit: Limit, key: str = "") -> None:
    """Count one more, as ``is_over`` does. Raises TooOften where that is over the limit."""
    if is_over(limit, key):
        raise TooOften(limit)


def too_many_requests(limit: Limit) -> HttpResponse:
    response = render(None, "429.html", status=429)
    response.headers["Retry-After"] = str(int(limit.seconds - time.time() % limit.seconds) + 1)
    return response


def _name(kind: str, key: str, seconds: int) -> str:
    """No address or other personal value becomes a key in Redis."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"limit:{kind}:{digest}:{int(time.time() // seconds)}"


def _count(kind: str, key: str, seconds: int) -> int:
    """In one step: between two, somebody may empty the cache."""
    name = cache.make_key(_name(kind, key, seconds))
    with cast("_HasRedis", cache).redis().pipeline() as redis:
        redis.incr(name)
        redis.expire(name, 2 * seconds)
        return int(redis.execute()[0])


def count_anyway(limit: Limit, key: str) -> int:
    """Count one more of a key and return the count of this window; while Redis is away, that of this process."""
    try:
        return _count(limit.kind, key, limit.seconds)
    except RedisError:
        logger.warning("the cache is away: %s are counted in this process", limit.kind)
        return HERE.count(_name(limit.kind, key, limit.seconds), seconds=limit.seconds, rest=limit.kind)


def _is_room() -> bool:
    """Count one more entry by whomever, and say whether the trail takes it in this window."""
    count = count_anyway(OF_EVERYBODY, "")
    if count == OF_EVERYBODY.most + 1:
        _note(OF_EVERYBODY, "")
    return count <= OF_EVERYBODY.most


def _is_room_here() -> bool:
    """The same for what is limited by itself, and leaves one entry for each key: many keys leave no more than this."""
    here = _name("rate_limit.exceeded", "", OF_EVERYBODY.seconds)
    return HERE.count(here, seconds=OF_EVERYBODY.seconds, rest="rate_limit.exceeded") <= OF_EVERYBODY.most


def _note(limit: Limit, key: str) -> None:
    record(Event.RATE_LIMIT_EXCEEDED, kind=limit.kind, limit=limit.most, seconds=limit.seconds, personal={"of": key})


def _is_exempt(ip: Address | None) -> bool:
    return ip is not None and any(ip in network for network in settings.RATE_LIMITS_EXEMPT)


def _client(ip: Address | None) -> str:
    """Name whoever is asking: by address, or by network for IPv6, where everybody has 2^64 addresses."""
    if isinstance(ip, IPv6Address):
        return str(ip_network((ip, 64), strict=False))
    return str(ip or "unknown")


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
