"""The header Retry-After, by which a receiver asks us to wait (RFC 9110, section 10.2.3)."""

import time
from datetime import timedelta

from django.utils.http import parse_http_date_safe

HEEDED = frozenset({429, 503})  # the statuses with which the header applies to the receiver as a whole
LONGEST = timedelta(hours=6)  # the longest wait that we grant
DIGITS = 9  # a number with more digits exceeds LONGEST anyway


def read(status: int, header: str | None) -> timedelta | None:
    """Return the wait that a response asks for, at most LONGEST, or None if there is none or it cannot be parsed."""
    text = (header or "").strip()
    if status not in HEEDED or not text:
        return None
    seconds = _seconds(text)
    if seconds is None or seconds <= 0:
        return None
    return min(timedelta(seconds=seconds), LONGEST)


def _seconds(text: str) -> float | None:
    """Parse ``delay-seconds`` or an HTTP-date in any of its three forms."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text.lstrip("0")) <= DIGITS else LONGEST.total_seconds()
    date = parse_http_date_safe(text)
    return None if date is None else date - time.time()
