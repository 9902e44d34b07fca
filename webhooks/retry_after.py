"""How long a receiver asks to be left alone: the header Retry-After (RFC 9110, section 10.2.3)."""

import time
from datetime import timedelta

from django.utils.http import parse_http_date_safe

HEEDED = frozenset({429, 503})  # the statuses on which the header speaks of the receiver
LONGEST = timedelta(hours=6)  # no receiver is left alone for longer, whatever it asks
DIGITS = 9  # more of them ask for longer than LONGEST anyway


def read(status: int, header: str | None) -> timedelta | None:
    """Return the wait that an answer asks for, LONGEST at most; None where it asks for none or cannot be read."""
    text = (header or "").strip()
    if status not in HEEDED or not text:
        return None
    seconds = _seconds(text)
    if seconds is None or seconds <= 0:
        return None
    return min(timedelta(seconds=seconds), LONGEST)


def _seconds(text: str) -> float | None:
    """Read ``delay-seconds`` or an HTTP-date in any of its three forms."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text.lstrip("0")) <= DIGITS else LONGEST.total_seconds()
    date = parse_http_date_safe(text)
    return None if date is None else date - time.time()
