"""``/v1/tenants/{tenant_id}/audit``: what happened in an organization, as the trail has it."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router

from api.guards import requires
from api.paging import After, Limit, Page
from api.trail import EntryOut, TrailQuery, page_of_entries
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition
from authserver.scopes import AUDIT_READ

router = Router(tags=["Organizations: trail"])
READ = requires(scope=AUDIT_READ, permission="audit.view_entry", tenant=True)


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
