"""Permits of rate limits in Redis, which all processes share: several limits in one script, and one clock (ADR 63)."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from django.core.cache import cache
from redis import Redis
from redis.exceptions import RedisError

from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from foundation.permits import Grant, Need

logger = logging.getLogger(__name__)

TRIED_EVERY = 1.0  # seconds between attempts to reach Redis while it is away

# Each key holds a hash: the number of its window by the clock of Redis, the count in it, and the last window in which
# its limit was exceeded. ARGV has for each key: the limit, the milliseconds of its window, the permits that the request
# needs (0 or 1), and those wanted in advance. If one limit is exceeded, nothing is counted. In advance a process gets
# at most a sixteenth of what is left, so that few are lost in other processes when a limit is nearly used up.
# Returns for each key {permits, or -1 if exceeded; count; window; milliseconds left; whether it is newly exceeded}.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local states, is_over = {}, false
for i, key in ipairs(KEYS) do
  local most, length, needed, wanted = tonumber(ARGV[4*i-3]), tonumber(ARGV[4*i-2]), tonumber(ARGV[4*i-1]), ARGV[4*i]
  local window = math.floor(now / length)
  local stored = redis.call('HMGET', key, 'window', 'count', 'exceeded')
  local count = tonumber(stored[1] or '') == window and tonumber(stored[2] or '') or 0
  local room = most - count - needed
  local extra = math.max(0, math.min(tonumber(wanted), math.floor(room / 16)))
  is_over = is_over or room < 0
  states[i] = {needed + extra, count, window, (window + 1) * length - now, 0, room, tonumber(stored[3] or '')}
end
for i, key in ipairs(KEYS) do
  local state = states[i]
  if is_over then
    local is_this = state[6] < 0
    state[1] = is_this and -1 or 0
    if is_this and state[7] ~= state[3] then
      state[5] = 1
      redis.call('HSET', key, 'exceeded', state[3])
    end
  else
    state[2] = state[2] + state[1]
    redis.call('HSET', key, 'window', state[3], 'count', state[2])
    redis.call('PEXPIRE', key, 2 * ARGV[4*i-2])
  end
  states[i] = {state[1], state[2], state[3], state[4], state[5]}
end
return states
"""


class _HasRedis(Protocol):
    def redis(self) -> Redis: ...


@dataclass(slots=True)
class Outage:
    """Until when this process does not try to reach Redis, on the monotonic clock."""

    until: float = 0.0


OUTAGE = Outage()


def take(demands: Sequence[tuple[Limit, str]], needs: Sequence[Need]) -> list[Grant] | None:
    """Take the permits that are needed and wanted, of all limits or of none. Return None while Redis is away."""
    if time.monotonic() < OUTAGE.until:
        return None
    keys = [cache.make_key(f"permits:{limit.kind}:{rate_limits.digest(key)}") for limit, key in demands]
    arguments = [str(value) for need in needs for value in (need.most, need.seconds * 1000, need.needed, need.wanted)]
    try:
        redis = cast("_HasRedis", cache).redis()
        states = cast("list[list[int]]", redis.eval(TAKE, len(keys), *keys, *arguments))
    except RedisError as failure:
        OUTAGE.until = time.monotonic() + TRIED_EVERY
        logger.warning(
            "the cache is unreachable: the API's limits are counted in this process (%s)", type(failure).__name__
        )
        return None
    return [
        Grant(
            permits=max(0, permits),
            count=count,
            window=window,
            seconds_left=left / 1000,
            is_exceeded=permits < 0,
            is_newly_exceeded=bool(is_newly),
        )
        for permits, count, window, left, is_newly in states
    ]
