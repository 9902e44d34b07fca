"""Entries of the trail, for an organization and for administrators: what is returned, and the search (ADR 15)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from ninja import Field, Schema

from api.inputs import Day
from api.paging import cursor_of, key_in
from api.problems import INVALID_REQUEST, UNAVAILABLE, ApiError
from audit.models import Entry, Source
from audit.reading.filters import TrailFilterForm
from audit.reading.presentation import serialize_past
from audit.reading.search import Condition, SearchTooSlow, find

LONGEST = 300  # characters of a filter


class TrailQuery(Schema):
    """The filters of the trail in the admin. Those that are left out do not filter."""

    q: str = Field("", max_length=LONGEST, description="A reference, or any whole id.")
    actor: str = Field("", max_length=LONGEST, description="Who did it, by id.")
    person: str = Field("", max_length=LONGEST, description="The person concerned, by id.")
    action: str = Field(
        "", max_length=LONGEST, description="An event such as session.revoked, or create, update, delete."
    )
    table: str = Field("", max_length=LONGEST, description="A table such as accounts_membership.")
    object: str = Field("", max_length=LONGEST, description="A row of the table, by id.")
    since: Day | None = Field(None, description="The first day, in the time zone of the site.")
    until: Day | None = Field(None, description="The last day.")
    source: Source | None = None
    request: UUID | None = Field(None, description="The id in the member instance of a problem document.")
    batch: UUID | None = None


class ActorOut(Schema):
    kind: str
    id: str


class ObjectOut(Schema):
    table: str
    id: str | None


class EntryOut(Schema):
    """An entry as webhooks and exports have it: without personal values, which no erasure could reach there."""

    id: int
    at: datetime
    type: str
    source: Source
    action: str
    actor: ActorOut
    behind: ActorOut | None
    object: ObjectOut | None
    person: str | None
    tenant: str | None
    request: str | None
    batch: str | None
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    details: dict[str, Any] | None


def visible(scope: Sequence[Condition]) -> "QuerySet[Entry]":
    return Entry.objects.filter(*(condition.where for condition in scope))


def page_of_entries(form: TrailFilterForm, scope: Sequence[Condition], *, after: str, limit: int) -> dict[str, Any]:
    """Return a page of the entries in a scope that the filters find, the newest first. Raises ApiError.

    It may have fewer entries than the limit, or none, and still be followed by others.
    """
    if not form.is_valid():
        fields = [
            {"field": f"query.{name}", "message": str(text)} for name, texts in form.errors.items() for text in texts
        ]
        raise ApiError(INVALID_REQUEST, "The input is not accepted.", fields=fields)
    asked = form.question()
    question = replace(asked, conditions=[*scope, *asked.conditions])
    try:
        found = find(visible(scope), question, beyond=key_in(after), count=limit)
    except SearchTooSlow:
        detail = "The entries were not found in time. Narrow the filters, for example by days."
        raise ApiError(UNAVAILABLE, detail, headers={"Retry-After": "5"}) from None
    last = found.reached if found.reached is not None else found.entries[-1].pk if found.has_more else None
    return {"items": list(map(serialize_past, found.entries)), "next": "" if last is None else cursor_of(last)}
