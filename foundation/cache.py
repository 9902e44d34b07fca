"""Django's Redis cache with one client per process and a JSON serializer, so that no cached value is executed."""

import json
import logging
import time
from functools import cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis

logger = logging.getLogger(__name__)

WARNED_EVERY = 60  # seconds


class JSONSerializer:
    """Django's own serializer unpickles what it reads, so anyone who can write to Redis could run code here."""

    _warned = 0  # the window of the last warning

    def dumps(self, value: Any) -> bytes | int:
        """Store integers as they are, so that Redis can increment them."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """Return the value, or None if it is not JSON: a value that we did not write counts as missing."""
        try:
            return json.loads(stored)
        except (ValueError, RecursionError):
            self._warn()
            return None

    def _warn(self) -> None:
        window = int(time.time() // WARNED_EVERY)
        if self._warned != window:
            self._warned = window
            logger.warning("a value in the cache cannot be read: it was not written by us")


class KeptClient(RedisCacheClient):
    """Keeps its Redis clients. Django creates one per command, which costs as much as several commands.

    Redis clients are thread-safe.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        """Keep one client for writing and one for reading: with replicas these are different servers."""
        client = self._clients.get(write)
        if client is None:
            client = self._clients[write] = super().get_client(key, write=write)
        return client


class Cache(RedisCache):
    """A cache backend whose threads share one client.

    Django creates a cache object per thread and never closes its connections.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _kept_client

    def redis(self) -> Redis:
        """Return the Redis client, for commands that Django's cache API does not have."""
        client: Redis = self._cache.get_client(write=True)
        return client


@cache
def _shared(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> KeptClient:
    return KeptClient(list(servers), **dict(options))


def _kept_client(servers: list[str], **options: Any) -> KeptClient:
    return _shared(tuple(servers), tuple(sorted(options.items())))
