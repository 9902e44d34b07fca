"""``/v1/tenants/{tenant_id}/audit``: what happened in an organization, as the trail has it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from api.guards import requires
from api.inputs import Day
from api.paging import After, Limit, Page, cursor_of, key_in
from api.problems import INVALID_REQUEST, UNAVAILABLE, ApiError, Problem
from api.tenants.own import REFUSED
from audit.models import Entry, Source
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition, SearchTooSlow, find
from audit.serialization import serialize
from authserver.scopes import AUDIT_READ

router = Router(tags=["Organizations: trail"])
READ = requires(scope=AUDIT_READ, permission="audit.view_entry", tenant=True)


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


class TrailQuery(Schema):
    """The filters of the trail in the admin. Those that are left out do not filter."""

    q: str = Field("", max_length=200, description="A reference, or any whole id.")
    actor: str = Field("", max_length=200, description="Who did it, by id.")
    person: str = Field("", max_length=200, description="The person concerned, by id.")
    action: str = Field("", max_length=200, description="An event such as session.revoked, or create, update, delete.")
    table: str = Field("", max_length=200, description="A table such as accounts_membership.")
    object: str = Field("", max_length=200, description="A row of the table, by id.")
    since: Day | None = Field(None, description="The first day.")
    until: Day | None = Field(None, description="The last day.")
    source: Source | None = None
    request: UUID | None = Field(None, description="The id in the member instance of a problem document.")
    batch: UUID | None = None


class OwnTrailForm(TrailFilterForm):
    """The filters without those that are of no use here: there is one tenant, and entries have no IP address."""

    without = frozenset({"tenant", "ip_address"})


@router.get("/tenants/{tenant_id}/audit", response={200: Page[EntryOut], 503: Problem, **REFUSED}, auth=READ)
def trail(
    request: HttpRequest, tenant_id: UUID, wanted: Query[TrailQuery], limit: Limit = 50, after: After = ""
) -> dict[str, Any]:
    """Read the trail of the organization, the newest entries first.

    A page may have fewer entries than the limit, or none, and still be followed by others: it looks through a bounded
    number of entries.
    """
    form = OwnTrailForm(wanted.dict(exclude_none=True))
    if not form.is_valid():
        fields = [
            {"field": f"query.{name}", "message": str(text)} for name, texts in form.errors.items() for text in texts
        ]
        raise ApiError(INVALID_REQUEST, "The input is not accepted.", fields=fields)
    of_tenant, asked = Q(tenant_id=str(tenant_id)), form.question()
    question = replace(asked, conditions=[Condition(where=of_tenant), *asked.conditions])
    try:
        found = find(Entry.objects.filter(of_tenant), question, beyond=key_in(after), count=limit)
    except SearchTooSlow:
        detail = "The entries were not found in time. Narrow the filters, for example by days."
        raise ApiError(UNAVAILABLE, detail, headers={"Retry-After": "5"}) from None
    last = found.reached if found.reached is not None else found.entries[-1].pk if found.has_more else None
    return {"items": [serialize(one) for one in found.entries], "next": cursor_of(last) if last is not None else ""}
