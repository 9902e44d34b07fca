"""Types of input that several operations share."""

from typing import Annotated

from pydantic import AfterValidator


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("A NUL is not accepted.")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
"""A text without NUL, the only character that PostgreSQL cannot store."""
