"""What waits for a worker, as Redis tells."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from foundation.cache import Cache

SENT_AT = "sent_at"  # a header of each message: seconds since 1970


@dataclass(frozen=True, kw_only=True)
class Queue:
    """``waiting`` messages that no worker has taken, the ``oldest`` of them, and those ``in_hand``."""

    waiting: int
    in_hand: int
    oldest: datetime | None


def queue() -> Queue:
    """Raises RedisError."""
    redis = cast("Cache", cache).redis()
    name = settings.CELERY_TASK_DEFAULT_QUEUE
    asked: Any = redis.pipeline()
    waiting, in_hand, last = asked.llen(name).hlen("unacked").lindex(name, -1).execute()
    return Queue(waiting=waiting, in_hand=in_hand, oldest=_sent_at(last))


def _sent_at(message: bytes | None) -> datetime | None:
    """Messages are taken from the end of the list. One that is not ours says nothing, whatever it is made of."""
    try:
        return datetime.fromtimestamp(json.loads(message or "")["headers"][SENT_AT], tz=timezone.get_current_timezone())
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, OSError, RecursionError):
        return None
