"""A Redis transport for Kombu with which a worker survives the loss of the broker while it processes messages."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as NoConnection


class Channel(redis.Channel):
    """Raises redis's ConnectionError for a connection that was closed, which every caller expects.

    Kombu 5.7 raises an AttributeError, which kills the worker: it acknowledges or rejects a message over the channel on
    which the message came, even if the broker was lost meanwhile. The message stays in Redis as unacknowledged, and the
    schedule finds its work again.
    """

    def _connparams(self, asynchronous: Any = False) -> Any:  # noqa: FBT002  # as the library has it
        if self.connection is None or self.connection.client is None:
            raise NoConnection("the connection of this channel was closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    Channel = Channel


def use() -> None:
    """Use this transport for every Redis URL."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
