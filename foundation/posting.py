"""Posts one message to a receiver that others have chosen: in time, without redirects, to allowed addresses only."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from foundation import receivers, retry_after
from foundation.outgoing import Budget, Exceeded, exchange
from foundation.receivers import ReceiverRefused

DEADLINE = 10.0  # seconds for the whole call, from connecting to the last byte
LARGEST_ANSWER = 64 * 1024  # bytes; the body is not used
COME_BACK = frozenset({408, 425, 429})  # the 4xx statuses that are not about this message


class Result(Enum):
    """The result of sending a message."""

    TAKEN = auto()
    REFUSED = auto()  # this message only; the receiver may accept another
    NOT_TAKEN = auto()  # the receiver does not work
    GONE = auto()  # the receiver wants no more messages (410)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result, why it is not a success, and the wait that the receiver asks for, if any (``retry_after``)."""

    fate: Result
    reason: str = ""
    retry_after: timedelta | None = None


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Post a message and return what became of it. No connection to the database is needed meanwhile."""
    budget = Budget(deadline=time.monotonic() + DEADLINE, bytes_left=LARGEST_ANSWER)
    try:
        status, wait = _post(url, body, headers, budget)
    except ReceiverRefused as unwanted:
        return Outcome(fate=Result.NOT_TAKEN, reason=str(unwanted))
    except Exceeded as exceeded:
        return Outcome(fate=Result.NOT_TAKEN, reason=str(exceeded))
    except (OSError, http.client.HTTPException, ValueError) as broken:
        return Outcome(fate=Result.NOT_TAKEN, reason=_reason(broken))
    return _of(status, wait)


def _post(url: str, body: bytes, headers: Mapping[str, str], budget: Budget) -> tuple[int, timedelta | None]:
    target = receivers.read(url).target
    connection = receivers.connect_outward(url, budget)
    try:
        response, _ = exchange(connection, ("POST", target, body), dict(headers), budget)
        return response.status, retry_after.read(response.status, response.getheader("Retry-After"))
    finally:
        connection.close()


def _of(status: int, wait: timedelta | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome(fate=Result.TAKEN)
    reason = f"answered with status {status}"
    if status == 410:
        return Outcome(fate=Result.GONE, reason=reason)
    if 400 <= status < 500 and status not in COME_BACK:
        return Outcome(fate=Result.REFUSED, reason=reason)
    return Outcome(fate=Result.NOT_TAKEN, reason=reason, retry_after=wait)


def _reason(broken: Exception) -> str:
    """Return the class of an error and the text of a system error, but never text from a response."""
    words = broken.strerror if isinstance(broken, OSError) and broken.strerror else ""
    return f"{type(broken).__name__}: {words}".rstrip(": ")
