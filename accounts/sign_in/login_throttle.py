"""The login throttle: each wrong password or second factor costs more time than the one before (ADR 8).

Every attempt is counted before it is checked, so that concurrent attempts cannot bypass the throttle, and taken back
if it was right. It counts against the typed name and against the IP address, each on its own. An account with several
names has a counter of its own that responses never reveal (ADR 31). Without Redis nothing can be counted, and nobody
can sign in: RedisError becomes a 503 response.
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol, cast
from uuid import UUID

from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.crypto import get_random_string
from redis import Redis

from accounts.sign_in import rate_limits
from audit.events import Event, record
from foundation import lifetimes
from foundation.canonical_email import comparable
from foundation.clocks import LEEWAY_SECONDS
from foundation.cookies import cookie_name, set_cookie
from foundation.encryption import fingerprints

logger = logging.getLogger(__name__)

FREE_OF_ACCOUNT = 5  # wrong attempts that cost nothing
FREE_OF_IP_ADDRESS = 10  # more, because a whole office may share one address
FIRST_WAIT = 4  # seconds after these; each further wrong attempt doubles it
LONGEST_WAIT = 900  # seconds
CLOCKS_DIFFER = int(LEEWAY_SECONDS * 1000)
DEVICE_COOKIE = cookie_name("known_device")

# Each key holds a hash with the number of attempts and the time until which the next one must wait. All times are in
# milliseconds except the expiry of the key (ARGV[4]), which is in seconds. A time beyond the longest wait was written
# while the clock was ahead, and is ignored. Returns {time to wait, index of the key, attempts refused in this wait}.
COUNT_ATTEMPT = """
local now, longest, wait, which = tonumber(ARGV[1]), tonumber(ARGV[3]), 0, 0
for i, key in ipairs(KEYS) do
  local left = tonumber(redis.call('HGET', key, 'until') or '0') - now
  if left > wait and left <= longest + tonumber(ARGV[5]) then wait = left; which = i end
end
if which > 0 then
  return {wait, which, redis.call('HINCRBY', KEYS[which], 'refused', 1)}
end
for i, key in ipairs(KEYS) do
  local over = redis.call('HINCRBY', key, 'tries', 1) - tonumber(ARGV[5 + i])
  if over >= 0 then
    local pause = math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(over, 20))
    redis.call('HSET', key, 'until', string.format('%d', now + pause), 'refused', 0)
  end
  redis.call('EXPIRE', key, ARGV[4])
end
return {0, 0, 0}
"""
TAKE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], 'tries', -1)
  redis.call('HSET', KEYS[1], 'until', '0')
end
"""


class Throttled(Exception):
    """Too many wrong attempts: the next one is checked only after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class AttemptCounter:
    """What attempts count against. A right attempt resets a ``cleared`` counter; from others it is only taken back."""

    kind: str
    key: str
    free: int
    cleared: bool


class _HasRedis(Protocol):
    def redis(self) -> Redis: ...


def for_password(request: HttpRequest | None, name: str, *, account: str = "") -> list[AttemptCounter]:
    """Return the counters of an attempt to sign in with a name, whether or not an account has it.

    ``account`` is the name that stands for an existing account, however it was typed. The typed name has a counter of
    its own: if two names shared one, throttling would reveal that they belong to one account. A right attempt does not
    reset the counter of a name that has an account, because that would reveal that it has one.

    A browser that has sent the right password before has its own counter instead of all others: so an attacker
    elsewhere, or behind the same IP address, cannot lock the owner out.
    """
    if known := _of_device(request, account or name):
        return known
    typed = AttemptCounter(kind="account", key=f"account:{_digest(name)}", free=FREE_OF_ACCOUNT, cleared=not account)
    return [typed, *_by_ip_address(request)]


def for_account(request: HttpRequest | None, account: str) -> list[AttemptCounter]:
    """Return the counter shared by all names of one account, or none if the browser is known."""
    if _of_device(request, account):
        return []
    return [AttemptCounter(kind="account", key=f"person:{_digest(account)}", free=FREE_OF_ACCOUNT, cleared=True)]


def for_own_password(request: HttpRequest | None, account: str) -> list[AttemptCounter]:
    """Return the counters for the password of a person who is signed in, who may learn of the account's counter."""
    return _of_device(request, account) or [*for_account(request, account), *_by_ip_address(request)]


def for_factor(request: HttpRequest, person: UUID, *, kind: str = "factor") -> list[AttemptCounter]:
    """Return the counters of a second factor. Each ``kind`` has its own, so one does not throttle the other."""
    account = AttemptCounter(kind="account", key=f"{kind}:{person}", free=FREE_OF_ACCOUNT, cleared=True)
    return [account, *_by_ip_address(request)]


def for_passkey(request: HttpRequest) -> list[AttemptCounter]:
    """Return the counter for signing in by a passkey alone, which names no account before it is verified."""
    return _by_ip_address(request)


def count_attempt(counters: Sequence[AttemptCounter], *, event: Event, person: UUID | None = None) -> None:
    """Count an attempt as wrong on all of its counters, before it is checked. Raises Throttled if it must not be.

    Only the first refused attempt in each wait is recorded, so that the trail does not grow with the attack.
    """
    now = int(time.time() * 1000)
    arguments = [
        now,
        FIRST_WAIT * 1000,
        LONGEST_WAIT * 1000,
        int(lifetimes.WRONG_PASSWORDS.total_seconds()),
        CLOCKS_DIFFER,
        *(counter.free for counter in counters),
    ]
    wait, which, refused = _run(COUNT_ATTEMPT, [counter.key for counter in counters], arguments)
    if not wait:
        return
    by, seconds = counters[which - 1].kind, math.ceil(wait / 1000)
    if refused == 1:
        logger.warning("throttled: by=%s seconds=%s", by, seconds)
        if rate_limits.may_leave_entry():
            record(event, person=person, reason="throttled", throttled_by=by, seconds=seconds)
    raise Throttled(seconds)


def count_attempt_quietly(counters: Sequence[AttemptCounter], *, event: Event, person: UUID | None = None) -> bool:
    """Count like ``count_attempt``, but return whether the attempt may be checked. If not, treat it as wrong."""
    try:
        count_attempt(counters, event=event, person=person)
    except Throttled:
        return False
    return True


def answer(throttled: Throttled) -> HttpResponse:
    response = render(None, "429.html", status=429)
    response.headers["Retry-After"] = str(throttled.seconds)
    return response


def reset(counters: Sequence[AttemptCounter]) -> None:
    """Take back what ``count_attempt`` counted, because the attempt was right."""
    for counter in counters:
        if counter.cleared:
            _redis().delete(_key(counter.key))
        else:
            _run(TAKE_BACK, [counter.key], [])


def remember_device(request: HttpRequest, response: HttpResponseBase, name: str) -> None:
    """Set the cookie of a browser that has sent the right password of this name."""
    if _device_of(request, _digests(name)[:1]):
        return
    value = signing.dumps([_digest(name), get_random_string(22)], salt=__name__)
    set_cookie(response, DEVICE_COOKIE, value, max_age=lifetimes.KNOWN_DEVICE)


def _device_of(request: HttpRequest | None, digests: Sequence[str]) -> str:
    cookie = request.COOKIES.get(DEVICE_COOKIE, "") if request else ""
    try:
        name, device = signing.loads(cookie, salt=__name__, max_age=lifetimes.KNOWN_DEVICE)
    except (signing.BadSignature, ValueError):
        return ""
    return str(device) if name in digests else ""


def _of_device(request: HttpRequest | None, account: str) -> list[AttemptCounter]:
    device = _device_of(request, _digests(account))
    key = f"device:{_digest(account)}:{device}"
    return [AttemptCounter(kind="device", key=key, free=FREE_OF_ACCOUNT, cleared=True)] if device else []


def _digest(name: str) -> str:
    """Return a digest of the name: it may be a password typed into the wrong field, and must not be in Redis."""
    return _digests(name)[0]


def _digests(name: str) -> list[str]:
    """Return the digests under the current SECRET_KEY and under each fallback, in this order."""
    return [mark[:32] for mark in fingerprints(comparable(name.strip()), owner="", purpose="brake")]


def _by_ip_address(request: HttpRequest | None) -> list[AttemptCounter]:
    if request is None:
        return []
    where = _network(request.META.get("REMOTE_ADDR", ""))
    return [AttemptCounter(kind="ip_address", key=f"ip_address:{where}", free=FREE_OF_IP_ADDRESS, cleared=False)]


def _network(text: str) -> str:
    """Return the network that one attacker controls: the address, or for IPv6 its /64."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _key(name: str) -> str:
    return cache.make_key(f"brake:{name}")


def _redis() -> Redis:
    return cast("_HasRedis", cache).redis()


def _run(script: str, keys: Sequence[str], arguments: Sequence[int]) -> list[int]:
    return cast("list[int]", _redis().eval(script, len(keys), *map(_key, keys), *map(str, arguments)))
