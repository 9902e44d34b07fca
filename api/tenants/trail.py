"""``/v1/tenants/{tenant_id}/audit``: what happened in an organization, as the trail has it."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from api.guards import requires
from api.inputs import Day
from api.paging import After, Limit, Page
from api.trail import EntryOut, page_of_entries
from audit.models import Source
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition
from authserver.scopes import AUDIT_READ

router = Router(tags=["Organizations: trail"])
READ = requires(scope=AUDIT_READ, permission="audit.view_entry", tenant=True)


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


@router.get("/tenants/{tenant_id}/audit", response=Page[EntryOut], auth=READ)
def trail(
    request: HttpRequest, tenant_id: UUID, wanted: Query[TrailQuery], limit: Limit = 50, after: After = ""
) -> dict[str, Any]:
    """Read the trail of the organization, the newest entries first.

    A page may have fewer entries than the limit, or none, and still be followed by others: it looks through a bounded
    number of entries.
    """
    scope = [Condition(where=Q(tenant_id=str(tenant_id)))]
    return page_of_entries(OwnTrailForm(wanted.dict(exclude_none=True)), scope, after=after, limit=limit)
