"""Cached values that security depends on. Each carries a MAC that binds it to its name and the time of writing.

Otherwise an attacker who can write to Redis could plant an issuer's key set and sign in as anybody. A value that is
not ours, that was stored under another name, or that is too old counts as missing. A missing value proves nothing:
what was used or revoked is recorded in PostgreSQL (ADR 30).
"""

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from foundation.clocks import LEEWAY_SECONDS
from foundation.macs import is_authentic, mac

logger = logging.getLogger(__name__)

USE = "cache"
CHANGING = "changing"
UNSETTLED_FOR = 10  # seconds after a change without caching: a copy may have been read before the commit
WARNED_EVERY = 60  # seconds between two warnings about one name

_warned: dict[str, int] = {}  # the window of the last warning, by name


@dataclass(frozen=True)
class Signed:
    """A value that we wrote, and when: in seconds since the epoch, by the writer's clock."""

    value: Any
    at: float


def put(name: str, value: object, *, seconds: float, at: float | None = None) -> None:
    """Store a JSON-serialisable value. ``at`` is the time from which it is true, by default now. Raises RedisError."""
    cache.set(name, _signed(name, value, at), seconds)


def add(name: str, value: object, *, seconds: float) -> bool:
    """Store a value unless the cache has any value under this name, even a forged one. Raises RedisError."""
    return bool(cache.add(name, _signed(name, value, None), seconds))


def get(name: str, *, within: float) -> Signed | None:
    """Return what we stored under this name in the last ``within`` seconds, or None. Raises RedisError."""
    return read(name, cache.get(name), within=within)


def get_settled(name: str, *, within: float) -> Signed | str | None:
    """Like ``get``, for a value that is cached with ``add``: return CHANGING while what it was read from changes.

    Raises RedisError.
    """
    stored = cache.get(name)
    if stored == CHANGING:
        return CHANGING
    found = read(name, stored, within=within)
    if found is None and stored is not None:
        cache.delete(name)  # add() does not replace a foreign or invalid value
    return found


def mark_changing(name: str) -> None:
    """Let no value be added for a moment. Call this when a change is made, and when it is committed."""
    try:
        cache.set(name, CHANGING, UNSETTLED_FOR)
    except RedisError:
        logger.warning("the cache is unreachable: what it has of %s may be stale", name)


def get_many(names: Iterable[str], *, within: float) -> dict[str, Signed]:
    """Like ``get``, for several names in one round trip. Raises RedisError."""
    read_ones = {name: read(name, stored, within=within) for name, stored in cache.get_many(names).items()}
    return {name: found for name, found in read_ones.items() if found is not None}


def read(name: str, stored: object, *, within: float, ahead: float = LEEWAY_SECONDS) -> Signed | None:
    """Verify what the cache has under a name. The MAC covers the time, so an old value cannot pass for a new one.

    A value more than ``ahead`` seconds ahead of our clock was written by a wrong clock; its age is unknown, so it
    counts as missing.
    """
    if stored is None:
        return None
    match stored:
        case {"text": str(text), "at": float(at), "mac": code} if is_authentic(code, USE, name, repr(at), text):
            age = time.time() - at
            return Signed(json.loads(text), at) if -ahead <= age <= within else None
    _warn(name)
    return None


def _signed(name: str, value: object, at: float | None) -> dict[str, object]:
    """Serialise the value once, so that exactly the authenticated text is stored."""
    text, moment = json.dumps(value), float(time.time() if at is None else at)
    return {"text": text, "at": moment, "mac": mac(USE, name, repr(moment), text)}


def _warn(name: str) -> None:
    """Warn once per window and name: an attacker who can plant one value can plant thousands."""
    window = int(time.time() // WARNED_EVERY)
    if _warned.get(name) != window:
        _warned[name] = window
        logger.warning("a value in the cache was not written by us: name=%s", name)
