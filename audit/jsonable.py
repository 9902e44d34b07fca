"""Converts any values to JSON for the trail. A value that cannot be converted is replaced by a text that says so.

An event is recorded in the transaction of the act, so a value that JSON or PostgreSQL rejects must not undo the act.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

logger = logging.getLogger(__name__)

DEEPEST = 20  # levels of nesting
LARGEST_NUMBER = 2**1000  # of integers; a larger one is certainly not meant


def to_jsonable(value: Any, *, deep: int = 0) -> Any:
    """Return a value that JSON and PostgreSQL's jsonb accept, or a text that names the type of one that they do not."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, UUID):
        return str(value)
    if deep >= DEEPEST:
        return _left_out(value)
    return _of_many(value, deep + 1)


def _of_many(value: Any, deep: int) -> Any:
    if isinstance(value, Mapping):
        return {_text(str(name)): to_jsonable(inner, deep=deep) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_jsonable(inner, deep=deep) for inner in value]
    return _of_another_kind(value, deep)


def _number(value: int | float) -> Any:  # noqa: PYI041  # the two are distinguished here
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return int(value) if abs(value) < LARGEST_NUMBER else _left_out(value)


def _of_another_kind(value: Any, deep: int) -> Any:
    """Convert what Django's encoder supports: times, UUIDs, decimals, lazy texts."""
    try:
        return to_jsonable(DjangoJSONEncoder().default(value), deep=deep)
    except (TypeError, ValueError, AttributeError):
        return _left_out(value)


def _text(text: str) -> str:
    """Replace NUL and lone surrogates, which PostgreSQL rejects."""
    if "\0" in text or not text.isascii():
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return str(text)


def _left_out(value: Any) -> str:
    """Return only the type of a value, because its ``repr`` may contain a secret, or fail."""
    kind = type(value).__name__
    logger.warning("a value could not be written into the trail: %s", kind)
    return f"(cannot be written: {kind})"
