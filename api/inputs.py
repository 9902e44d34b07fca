"""What operations share about input: its types, and the error for what a model does not accept."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from ninja import Schema
from pydantic import BeforeValidator, Field, StringConstraints

from api.problems import INVALID_REQUEST, ApiError

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Input(Schema, extra="forbid", strict=True):
    """The body of a request. Unknown fields are refused, and values of another type, even if they could be converted.

    Its texts have no NUL, the only character that PostgreSQL cannot store: ``api.json_body`` refuses it.
    """


def _day(text: str) -> str:
    if not DAY.fullmatch(text):
        raise ValueError("A day is written as 2026-11-30.")
    return text


Day = Annotated[date, BeforeValidator(_day)]
"""A day in a query. pydantic alone would also read a number, as seconds since 1970."""

Line = Annotated[str, StringConstraints(strip_whitespace=True)]
"""A text without spaces at its ends, as forms read it."""

Key = Annotated[UUID, Field(strict=False)]
"""A UUID, which JSON writes as a text."""

Id = Annotated[int, Field(ge=0, lt=2**63)]
"""An integer that a key of the database can be."""


def faults_of(found: ValidationError) -> Sequence[Mapping[str, str]]:
    """Return the faults that a model found in a body, each with its field."""
    by_field = found.message_dict if hasattr(found, "error_dict") else {NON_FIELD_ERRORS: found.messages}
    return [
        {"field": "body" if name == NON_FIELD_ERRORS else f"body.{name}", "message": text}
        for name, texts in by_field.items()
        for text in texts
    ]


def invalid(found: ValidationError) -> ApiError:
    """Return the error for a body that a model does not accept."""
    return ApiError(INVALID_REQUEST, "The input is not accepted.", fields=faults_of(found))


def unknown(field: str) -> ApiError:
    """Return the error for a field of a body that names what does not exist for the caller."""
    fault = {"field": f"body.{field}", "message": "There is no such name or id."}
    return ApiError(INVALID_REQUEST, "The input is not accepted.", fields=[fault])
