"""Pages of a list by the key of the last element, so that the hundredth page costs what the first one does."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet, Value
from django.utils.dateparse import parse_datetime
from ninja import Query, Schema
from pydantic import Field

from api.problems import INVALID_REQUEST, ApiError
from foundation.keyset import Beyond

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


def newest_first(rows: "QuerySet[Row]", after: str) -> "QuerySet[Row]":
    """Return the rows after a cursor, by ``created_at`` and then by their keys. ``cut`` makes the page.

    Raises ApiError for a cursor that is none of ours.
    """
    keys = [F("created_at"), F("pk")]
    rows = rows.order_by(*(key.desc() for key in keys))
    return rows.filter(Beyond(keys, _position(rows.model, after), descending=True)) if after else rows


def cut(found: Sequence[Row], limit: int) -> tuple[Sequence[Row], str]:
    """Return a page of ``limit`` rows and the cursor of the next one. ``found`` has a row more if there is one."""
    shown = found[:limit]
    return shown, _written(_key_of(shown[-1])) if len(found) > limit else ""


def cursor_of(key: int) -> str:
    """Return the cursor of the elements beyond an integer key."""
    return _written(key)


def key_in(cursor: str) -> int | None:
    """Return the integer key in a cursor, or None for an empty one. Raises ApiError for one that is none of ours."""
    return _read(cursor) if cursor else None


def _key_of(row: Any) -> list[str]:
    return [row.created_at.isoformat(), str(row.pk)]


def _position(model: type[Model], cursor: str) -> list[Value]:
    created_at: Any = model._meta.get_field("created_at")
    key = model._meta.pk
    match _decoded(cursor):
        case [str(moment), str(name)]:
            try:
                at, pk = parse_datetime(moment), key.to_python(name)
            except (ValueError, ValidationError):
                at = pk = None
            if at is not None and at.tzinfo is not None:
                return [Value(at, output_field=created_at), Value(pk, output_field=key)]
    raise _no_cursor()


def _written(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    key = _decoded(cursor)
    if not isinstance(key, int) or isinstance(key, bool) or not 0 <= key < 2**63:
        raise _no_cursor()
    return key


def _decoded(cursor: str) -> Any:
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _no_cursor() -> ApiError:
    fault = {"field": "query.after", "message": "This is no cursor of this list."}
    return ApiError(INVALID_REQUEST, "The input is not accepted.", fields=[fault])
