"""Django's Redis cache, with one client for each process and nothing in it that could run."""

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
    """Django's own unpickles what it finds: whoever can write to Redis could then run code here."""

    _warned = 0  # the window of the last warning

    def dumps(self, value: Any) -> bytes | int:
        """Integers stay plain, so that Redis can count with them."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """What is not ours is as good as not there."""
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
    """Django makes a client for each command, at the cost of several commands; clients are safe to share."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        """One for writing and one for reading: with replicas these are different servers."""
        client = self._clients.get(write)
        if client is None:
            client = self._clients[write] = super().get_client(key, write=write)
        return client


class Cache(RedisCache):
    """Django makes a cache for each thread, and closes its connections nowhere: ours share one client, which may."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _kept_client

    def redis(self) -> Redis:
        """Give the client itself, to what a cache has no words for."""
        client: Redis = self._cache.get_client(write=True)
        return client


@cache
def _shared(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> KeptClient:
    return KeptClient(list(servers), **dict(options))


def _kept_client(servers: list[str], **options: Any) -> KeptClient:
    return _shared(tuple(servers), tuple(sorted(options.items())))
