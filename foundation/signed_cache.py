"""Values in the cache that decide something: each carries proof that we wrote it, under this name, at that time.

Whoever can write to Redis could else plant an issuer's key set and sign in as anybody. A value that is not ours, stands
under another name or is too old is as good as not there. Nothing here proves an absence: what was used or revoked is
true in PostgreSQL (ADR 30).
"""

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from foundation.clocks import LEEWAY_SECONDS
from foundation.macs import is_authentic, mac

logger = logging.getLogger(__name__)

USE = "cache"
WARNED_EVERY = 60  # seconds between two warnings about one name

_warned: dict[str, int] = {}  # by name, the window of the last warning


@dataclass(frozen=True)
class Signed:
    """A value that we wrote, and when, in seconds since the epoch by the writer's clock."""

    value: Any
    at: float


def put(name: str, value: object, *, seconds: float, at: float | None = None) -> None:
    """Keep what JSON knows. ``at`` is since when it is true: now, where nothing is said. Raises RedisError."""
    cache.set(name, _signed(name, value, at), seconds)


def add(name: str, value: object, *, seconds: float) -> bool:
    """Keep it where nothing stands under this name, whoever wrote that. Raises RedisError."""
    return bool(cache.add(name, _signed(name, value, None), seconds))


def get(name: str, *, within: float) -> Signed | None:
    """Return what we kept under this name within so many seconds. Raises RedisError."""
    return read(name, cache.get(name), within=within)


def get_many(names: Iterable[str], *, within: float) -> dict[str, Signed]:
    """As ``get``, for several in one round trip. Raises RedisError."""
    read_ones = {name: read(name, stored, within=within) for name, stored in cache.get_many(names).items()}
    return {name: found for name, found in read_ones.items() if found is not None}


def read(name: str, stored: object, *, within: float, ahead: float = LEEWAY_SECONDS) -> Signed | None:
    """Judge what stands under a name in the cache. The time is authentic too: an old value cannot pass for new.

    One that is more than ``ahead`` seconds of our clock was written under a wrong one, and nobody knows its age.
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
    """The value travels as the very text that is authenticated."""
    text, moment = json.dumps(value), float(time.time() if at is None else at)
    return {"text": text, "at": moment, "mac": mac(USE, name, repr(moment), text)}


def _warn(name: str) -> None:
    """Once in each window: whoever plants one value can plant thousands."""
    window = int(time.time() // WARNED_EVERY)
    if _warned.get(name) != window:
        _warned[name] = window
        logger.warning("a value in the cache was not written by us: name=%s", name)
