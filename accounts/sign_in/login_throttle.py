"""The brake on guessing: wrong passwords and wrong second factors cost more and more time (ADR 8).

Every try is counted before it is judged, so that many at once are no way past, and forgiven when it was right. It is
held against the name as it was typed and against the address, each by itself. The account behind several names has a
count of its own, of which nobody is told (ADR 31). Without Redis nobody can count, and nobody is let in: RedisError
ends as 503.
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

FREE_OF_ACCOUNT = 5  # wrong tries that cost nothing
FREE_OF_IP_ADDRESS = 10  # more: behind one address there may be an office
FIRST_WAIT = 4  # seconds after these; each further wrong try doubles it
LONGEST_WAIT = 900  # seconds
CLOCKS_DIFFER = int(LEEWAY_SECONDS * 1000)
DEVICE_COOKIE = cookie_name("known_device")

# For each key a hash: tries, and until when the next must wait. All times but the last are milliseconds.
# A time further ahead than the longest wait was written by a clock that was ahead, and holds nobody.
# Answers {how long to wait, which key says so, how many it has turned away since it does}.
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
GIVE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], 'tries', -1)
  redis.call('HSET', KEYS[1], 'until', '0')
end
"""


class Throttled(Exception):
    """Too many wrong tries: the next is heard in so many seconds, right or wrong."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class AttemptCounter:
    """What tries are held against. One that is ``cleared`` begins anew after a right try; others forgive that one."""

    kind: str
    key: str
    free: int
    cleared: bool


class _HasRedis(Protocol):
    def redis(self) -> Redis: ...


def for_password(request: HttpRequest | None, name: str, *, account: str = "") -> list[AttemptCounter]:
    """Return the tracks of a try to come in by a name, whether or not anybody has it.

    ``account`` is the one name by which the account behind it is known, where there is one. What was typed has a
    track by itself: were it the account's, two names that are held together would be told to belong together. A right
    try does not clear it for the next, who could tell by that that somebody has this name.

    A browser from which the right password came before has a track of its own in place of all others: who guesses
    from elsewhere, or from behind the same address, does not keep the owner out.
    """
    if known := _of_device(request, account or name):
        return known
    typed = AttemptCounter(kind="account", key=f"account:{_digest(name)}", free=FREE_OF_ACCOUNT, cleared=not account)
    return [typed, *_by_ip_address(request)]


def for_account(request: HttpRequest | None, account: str) -> list[AttemptCounter]:
    """Return the track on which all names of one account are counted together, unless the browser is known."""
    if _of_device(request, account):
        return []
    return [AttemptCounter(kind="account", key=f"person:{_digest(account)}", free=FREE_OF_ACCOUNT, cleared=True)]


def for_own_password(request: HttpRequest | None, account: str) -> list[AttemptCounter]:
    """Return the tracks of a try by somebody who is signed in: to them it may be told."""
    return _of_device(request, account) or [*for_account(request, account), *_by_ip_address(request)]


def for_factor(request: HttpRequest, person: UUID, *, kind: str = "factor") -> list[AttemptCounter]:
    """Return the tracks of a second factor; those of another ``kind`` are not held up by it."""
    account = AttemptCounter(kind="account", key=f"{kind}:{person}", free=FREE_OF_ACCOUNT, cleared=True)
    return [account, *_by_ip_address(request)]


def for_passkey(request: HttpRequest) -> list[AttemptCounter]:
    """Return the track of a try to come in by a passkey alone: it names nobody before it is believed."""
    return _by_ip_address(request)


def count_attempt(tracks: Sequence[AttemptCounter], *, event: Event, person: UUID | None = None) -> None:
    """Count a try as wrong on all its tracks, before it is judged. Raises Throttled where it must not be judged now.

    The trail hears of the first that is turned away in each wait, not of each: it would grow with the attack.
    """
    now = int(time.time() * 1000)
    arguments = [
        now,
        FIRST_WAIT * 1000,
        LONGEST_WAIT * 1000,
        int(lifetimes.WRONG_PASSWORDS.total_seconds()),
        CLOCKS_DIFFER,
        *(track.free for track in tracks),
    ]
    wait, which, refused = _run(COUNT_ATTEMPT, [track.key for track in tracks], arguments)
    if not wait:
        return
    by, seconds = tracks[which - 1].kind, math.ceil(wait / 1000)
    if refused == 1:
        logger.warning("braked: by=%s seconds=%s", by, seconds)
        if rate_limits.may_leave_entry():
            record(event, person=person, reason="throttled", throttled_by=by, seconds=seconds)
    raise Throttled(seconds)


def count_attempt_quietly(tracks: Sequence[AttemptCounter], *, event: Event, person: UUID | None = None) -> bool:
    """Count as ``count_attempt`` does, and say whether the try may be judged; if not, answer as if it was wrong."""
    try:
        count_attempt(tracks, event=event, person=person)
    except Throttled:
        return False
    return True


def answer(braked: Throttled) -> HttpResponse:
    response = render(None, "429.html", status=429)
    response.headers["Retry-After"] = str(braked.seconds)
    return response


def reset(tracks: Sequence[AttemptCounter]) -> None:
    """Take back what ``count_attempt`` counted: the try was right."""
    for track in tracks:
        if track.cleared:
            _redis().delete(_key(track.key))
        else:
            _run(GIVE_BACK, [track.key], [])


def remember_device(request: HttpRequest, response: HttpResponseBase, name: str) -> None:
    """Let this browser be known as one from which the right password of this name came."""
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
    """What was typed may be somebody's password, in the wrong field: it is kept nowhere, Redis included."""
    return _digests(name)[0]


def _digests(name: str) -> list[str]:
    """As it is called today, and as it was under each former SECRET_KEY."""
    return [mark[:32] for mark in fingerprints(comparable(name.strip()), owner="", purpose="brake")]


def _by_ip_address(request: HttpRequest | None) -> list[AttemptCounter]:
    if request is None:
        return []
    where = _network(request.META.get("REMOTE_ADDR", ""))
    return [AttemptCounter(kind="address", key=f"address:{where}", free=FREE_OF_IP_ADDRESS, cleared=False)]


def _network(text: str) -> str:
    """An address as a guesser has it: of IPv6 everybody has at least a /64."""
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
