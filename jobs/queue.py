"""The length of the job queue in Redis."""

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
    """How many messages no worker has taken, when the ``oldest`` of them was sent, and how many are ``in_hand``."""

    waiting: int
    in_hand: int
    oldest: datetime | None


def queue() -> Queue:
    """Read the state of the queue. Raises RedisError."""
    redis = cast("Cache", cache).redis()
    name = settings.CELERY_TASK_DEFAULT_QUEUE
    pipeline: Any = redis.pipeline()
    # Workers take messages from the end of the list, so the last one is the oldest.
    waiting, in_hand, last = pipeline.llen(name).hlen("unacked").lindex(name, -1).execute()
    return Queue(waiting=waiting, in_hand=in_hand, oldest=_sent_at(last))


def _sent_at(message: bytes | None) -> datetime | None:
    """Return when a message was sent, or None if there is none, or if its content is not that of our messages."""
    try:
        return datetime.fromtimestamp(json.loads(message or "")["headers"][SENT_AT], tz=timezone.get_current_timezone())
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, OSError, RecursionError):
        return None
