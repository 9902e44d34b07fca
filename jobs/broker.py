"""The way to the broker, over which a worker outlives its being away while messages are in hand."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as NoConnection


class Channel(redis.Channel):
    """Says of a connection that was closed that there is none, which every caller expects.

    Kombu 5.7 raises an AttributeError, of which a worker dies: it gives back, or acknowledges, over the channel on
    which a message came, also when the broker went away meanwhile. The message stays where it is, and what it is about
    is found again by the schedule.
    """

    def _connparams(self, asynchronous: Any = False) -> Any:  # noqa: FBT002  # as the library has it
        if self.connection is None or self.connection.client is None:
            raise NoConnection("the connection of this channel was closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    Channel = Channel


def use() -> None:
    """Let every address of a broker lead here."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
