"""Rate limits: counted in Redis, in fixed windows, for all processes together.

The entries that strangers can cause in the trail are limited too, even while Redis is unreachable (ADR 31).
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    """At most ``most`` times within ``seconds``, for each key."""

    kind: str
    most: int
    seconds: int


class TooOften(Exception):
    """The limit is exceeded. What it limits was not done."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.kind)
        self.limit = limit


REFUSALS = Limit(kind="refusals", most=120, seconds=60)  # recorded refusals of one client
OF_EVERYBODY = Limit(kind="refusals.all", most=1200, seconds=60)  # recorded refusals of all clients together
HERE = Windows()  # the counters of this process, which need no Redis
FULL = Windows()  # the windows of this process that are known to be full
BATCH = 25  # counts that a process adds to Redis at once


def count(kind: str, key: str, *, limit: int, seconds: int) -> bool:
    """Count once, and return whether that is within the limit of this window.

    Only the first hit over the limit in each window is recorded. Raises RedisError, which becomes a 503 response: what
    cannot be counted must not go on.
    """
    count = _count(kind, key, seconds)
    if count == limit + 1:
        record_exceeded(Limit(kind=kind, most=limit, seconds=seconds), key)
    return count <= limit


def may_leave_entry() -> bool:
    """Whether a refusal may be recorded. Call it first, and show a reference only if there is an entry to find by it.

    It counts for the client of this request and for all clients together, so that many IP addresses do not bypass the
    limit. The first refusal over the limit is recorded as such, in place of all others. While Redis is unreachable,
    each process counts by itself.
    """
    if is_exempt():
        return True
    who = client()
    count = count_anyway(REFUSALS, who)
    if count > REFUSALS.most + 1 or not _is_within_site_limit():
        return False
    if count == REFUSALS.most + 1:
        _record_exceeded(REFUSALS, who)
    return count <= REFUSALS.most


def is_over(limit: Limit, key: str = "") -> bool:
    """Count once for a key, by default this request's client; return whether the limit is exceeded.

    Clients in exempt networks are not counted.
    """
    if is_exempt():
        return False
    return not count(limit.kind, key or client(), limit=limit.most, seconds=limit.seconds)


def is_over_anyway(limit: Limit, key: str = "") -> bool:
    """Count like ``is_over``; while Redis is unreachable, each process counts by itself."""
    if is_exempt():
        return False
    key = key or client()
    count = count_anyway(limit, key)
    if count == limit.most + 1:
        record_exceeded(limit, key)
    return count > limit.most


def is_over_in_batches(limit: Limit, key: str = "") -> bool:
    """Count like ``is_over``, for what is too fast to ask Redis about each time (ADR 53).

    Each process counts in memory, and adds to Redis when it has counted a batch. So a window may be exceeded by less
    than a batch in each process. While Redis is unreachable, each process counts by itself.
    """
    if is_exempt():
        return False
    key = key or client()
    window = name(limit, key)
    if FULL.has(window):
        return True
    here = HERE.count(window, seconds=limit.seconds, rest=limit.kind)
    if here % BATCH:
        return False
    try:
        count = _count(limit.kind, key, limit.seconds, by=BATCH)
    except RedisError:
        logger.warning("the cache is unreachable: %s are counted in this process", limit.kind)
        count = here
    if count <= limit.most:
        return False
    FULL.count(window, seconds=limit.seconds, rest=limit.kind)
    if count <= limit.most + BATCH:
        record_exceeded(limit, key)
    return True


def check(limit: Limit, key: str = "") -> None:
    """Count like ``is_over``. Raises TooOften if the limit is exceeded."""
    if is_over(limit, key):
        raise TooOften(limit)


def too_many_requests(limit: Limit) -> HttpResponse:
    response = render(None, "429.html", status=429)
    response.headers["Retry-After"] = str(seconds_left(limit))
    return response


def seconds_left(limit: Limit) -> int:
    """Return after how many seconds the next window has begun."""
    return int(limit.seconds - time.time() % limit.seconds) + 1


def digest(key: str) -> str:
    """Return what stands for a key in Redis: the key may be an address or other personal data."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def name(limit: Limit, key: str) -> str:
    """Return the name of the present window of a limit, for a key."""
    return _name(limit.kind, key, limit.seconds)


def _name(kind: str, key: str, seconds: int) -> str:
    return f"limit:{kind}:{digest(key)}:{int(time.time() // seconds)}"


def _count(kind: str, key: str, seconds: int, *, by: int = 1) -> int:
    """Count and set the expiry in one transaction: the cache could be emptied between two commands."""
    window = cache.make_key(_name(kind, key, seconds))
    with cast("_HasRedis", cache).redis().pipeline() as redis:
        redis.incrby(window, by)
        redis.expire(window, 2 * seconds)
        return int(redis.execute()[0])


def count_anyway(limit: Limit, key: str) -> int:
    """Count once for a key and return this window's count; while Redis is unreachable, the count of this process."""
    try:
        return _count(limit.kind, key, limit.seconds)
    except RedisError:
        logger.warning("the cache is unreachable: %s are counted in this process", limit.kind)
        return HERE.count(_name(limit.kind, key, limit.seconds), seconds=limit.seconds, rest=limit.kind)


def count_each_anyway(demands: Sequence[tuple[Limit, str]]) -> list[int]:
    """Count once for each, and return the counts; while Redis is unreachable, those of this process."""
    try:
        with cast("_HasRedis", cache).redis().pipeline() as redis:
            for limit, key in demands:
                redis.incrby(cache.make_key(name(limit, key)), 1)
                redis.expire(cache.make_key(name(limit, key)), 2 * limit.seconds)
            return [int(count) for count in redis.execute()[::2]]
    except RedisError:
        logger.warning("the cache is unreachable: %s are counted in this process", demands[0][0].kind)
        return [HERE.count(name(limit, key), seconds=limit.seconds, rest=limit.kind) for limit, key in demands]


def _is_within_site_limit() -> bool:
    """Count one more recorded refusal of any client, and return whether it is within the limit for all."""
    count = count_anyway(OF_EVERYBODY, "")
    if count == OF_EVERYBODY.most + 1:
        _record_exceeded(OF_EVERYBODY, "")
    return count <= OF_EVERYBODY.most


def record_exceeded(limit: Limit, key: str) -> None:
    """Record that a key has exceeded a limit, unless this process has recorded too many of them in this minute."""
    if _is_within_process_limit():
        _record_exceeded(limit, key)


def _is_within_process_limit() -> bool:
    """Limit the entries about exceeded rate limits in this process: there is one per key, and keys may be many."""
    here = _name("rate_limit.exceeded", "", OF_EVERYBODY.seconds)
    return HERE.count(here, seconds=OF_EVERYBODY.seconds, rest="rate_limit.exceeded") <= OF_EVERYBODY.most


def _record_exceeded(limit: Limit, key: str) -> None:
    record(Event.RATE_LIMIT_EXCEEDED, kind=limit.kind, limit=limit.most, seconds=limit.seconds, personal={"of": key})


def is_exempt() -> bool:
    """Whether this request's client is in a network without limits (``RATE_LIMITS_EXEMPT``)."""
    if not settings.RATE_LIMITS_EXEMPT:
        return False
    ip = _parsed(current().ip_address or "")
    return ip is not None and any(ip in network for network in settings.RATE_LIMITS_EXEMPT)


def client() -> str:
    """Return the key of this request's client: its IP address, or for IPv6 its /64, in which it has 2^64 addresses."""
    ip = _parsed(current().ip_address or "")
    if isinstance(ip, IPv6Address):
        return str(ip_network((ip, 64), strict=False))
    return str(ip or "unknown")


@lru_cache(maxsize=1024)  # the API asks for each request
def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
