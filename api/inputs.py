"""What operations share about input: its types, and the error for what a model does not accept."""

from typing import Annotated

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from pydantic import AfterValidator, Field, StringConstraints

from api.problems import INVALID_REQUEST, ApiError


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("A NUL is not accepted.")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
"""A text without NUL, the only character that PostgreSQL cannot store."""

Line = Annotated[Text, StringConstraints(strip_whitespace=True)]
"""A text without spaces at its ends, as forms read it."""

Id = Annotated[int, Field(ge=0, lt=2**63)]
"""An integer that a key of the database can be."""


def invalid(found: ValidationError) -> ApiError:
    """Return the error for a body that a model does not accept."""
    by_field = found.message_dict if hasattr(found, "error_dict") else {NON_FIELD_ERRORS: found.messages}
    faults = [
        {"field": "body.wanted" if name == NON_FIELD_ERRORS else f"body.wanted.{name}", "message": text}
        for name, texts in by_field.items()
        for text in texts
    ]
    return ApiError(INVALID_REQUEST, "The input is not accepted.", fields=faults)
