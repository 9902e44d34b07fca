"""Reads JSON bodies as the document describes them: what JSON does not define is refused, however lenient Python is."""

import json
import math
import re
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # not behind an escaped backslash


class StrictJson(Parser):
    """Refuses a field that is given twice, NaN, infinity and NUL. A number like 30.0 is an integer (RFC 8259).

    ninja answers the ValueError with the problem of a request that cannot be read.
    """

    def parse_body(self, request: HttpRequest) -> Any:
        text = request.body.decode()
        if NUL.search(text):
            raise ValueError("a text contains NUL")
        return json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_no_number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field is given twice")
    return found


def _number(text: str) -> float | int:
    """Return an integer for 30.0: JSON Schema knows no difference (2020-12, Validation, section 6.1.1)."""
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return int(value) if value.is_integer() else value


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
