"""A token bucket for each document that limits how often tokens can force a new fetch, shared by all processes.

The burst lets a second key rotation right after the first take effect at once. The rate limits the load that a flood
of unknown key ids puts on the provider. The state in Redis is not security-critical: tampering with it only allows or
prevents some fetches.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol, cast

from django.core.cache import cache
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

BURST = 3  # fetches at once
EVERY = 8.0  # seconds until another fetch is added
LONGEST_FETCH = 12.0  # seconds after which a fetch counts as over even if it was not ended: its process was killed

# The key holds the time, in milliseconds, at which the bucket will be full again (the generic cell rate algorithm). A
# time later than that of an empty bucket is not ours, or comes from a wrong clock, and is ignored.
TAKE = """
local now, every, burst, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full = tonumber(redis.call('GET', KEYS[1]) or '') or now
if full < now or full > now + burst * every then full = now end
if full - now > (burst - 1 - reserve) * every then return 0 end
redis.call('SET', KEYS[1], string.format('%d', full + every), 'PX', burst * every)
redis.call('SET', KEYS[2], '1', 'PX', ARGV[5])
return 1
"""


class _HasRedis(Protocol):
    def redis(self) -> Redis: ...


@dataclass
class ForcedFetches:
    """The bucket of one document, and whether a fetch from it is under way in any process."""

    key: str
    _full_at: float = 0.0  # of this process's own bucket, used while Redis is down
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, *, reserve: int = 0) -> bool:
        """Take a fetch from the bucket and return True if more than ``reserve`` are left. Never waits.

        Call ``end`` when the fetch is over.
        """
        names = [cache.make_key(f"{self.key}:forced"), cache.make_key(self._under_way)]
        milliseconds = [int(seconds * 1000) for seconds in (time.time(), EVERY)]
        given = [*milliseconds, BURST, reserve, int(LONGEST_FETCH * 1000)]
        try:
            redis = cast("_HasRedis", cache).redis()
            return bool(redis.eval(TAKE, len(names), *names, *map(str, given)))
        except RedisError:
            return self._take_here(reserve)

    def end(self) -> None:
        """Mark the fetch as over, for the other processes that wait for it."""
        try:
            cache.delete(self._under_way)
        except RedisError:
            logger.warning("the cache is down: other processes keep waiting for a fetch that is over: %s", self.key)

    def is_under_way(self) -> bool:
        try:
            return cache.get(self._under_way) is not None
        except RedisError:
            return False

    @property
    def _under_way(self) -> str:
        return f"{self.key}:under_way"

    def _take_here(self, reserve: int) -> bool:
        now = time.time()
        with self._lock:
            full_at = self._full_at if now <= self._full_at <= now + BURST * EVERY else now
            if full_at - now > (BURST - 1 - reserve) * EVERY:
                return False
            self._full_at = full_at + EVERY
            return True
