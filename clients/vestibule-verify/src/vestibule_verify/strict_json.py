"""JSON objects without the tolerance of Python's parser: two readers of one text must not see two different things."""

import json
from typing import Any


def parse_object(text: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError, also for a name that is there twice, and for NaN and Infinity."""
    try:
        found = DECODER.decode(text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004  # all faults of the text are one error
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _refuse(_constant: str) -> None:
    raise ValueError("not a number of JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
