"""Pages of a list by the key of the last element, so that the hundredth page costs what the first one does."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Query, Schema
from pydantic import Field

from api.problems import INVALID_REQUEST, ApiError

Row = TypeVar("Row", bound=Model)
Element = TypeVar("Element")
MOST = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many elements to return at most.")]
After = Annotated[str, Query(max_length=200, description="The member next of the page before.")]


class Page(Schema, Generic[Element]):
    """A part of a list. ``next`` leads to the elements after it, and is empty on the last page."""

    items: list[Element]
    next: str = Field(description="What to send as after for the next page.")


def page_of(rows: "QuerySet[Row]", *, after: str, limit: int) -> tuple[Sequence[Row], str]:
    """Return a page of rows in the order of their integer keys, and the cursor of the next page.

    Raises ApiError for a cursor that is none of ours.
    """
    rows = rows.order_by("pk")
    found = list((rows.filter(pk__gt=_read(after)) if after else rows)[: limit + 1])
    shown = found[:limit]
    return shown, _written(shown[-1].pk) if len(found) > limit else ""


def _written(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    if not isinstance(key, int) or isinstance(key, bool) or not 0 <= key < 2**63:
        fault = {"field": "query.after", "message": "This is no cursor of this list."}
        raise ApiError(INVALID_REQUEST, "The input is not accepted.", fields=[fault])
    return key
