"""``/v1/admin/audit``: the trail, with the search of the admin."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Path, Query, Router

from accounts.people import trail
from api.administration.acting import administrator
from api.guards import requires
from api.paging import After, Limit, Page
from api.trail import LONGEST, EntryOut, TrailQuery, page_of_entries, visible
from audit.reading.presentation import serialize_past
from authserver.scopes import AUDIT_READ

router = Router(tags=["Administration: trail"])
READ = requires(scope=AUDIT_READ, permission="audit.view_entry")
EntryId = Annotated[int, Path(ge=0, lt=2**63)]


class EntryQuery(TrailQuery):
    """The filters of the trail in the admin. Those that are left out do not filter."""

    actor: str = Field("", max_length=LONGEST, description="The id, e-mail address or username of who acted.")
    person: str = Field("", max_length=LONGEST, description="The id, e-mail address or username of whom it concerns.")
    tenant: str = Field("", max_length=LONGEST, description="The id or name of a tenant; for superusers.")
    ip_address: str = Field("", max_length=50)


@router.get("/admin/audit", response=Page[EntryOut], auth=READ)
def entries(request: HttpRequest, wanted: Query[EntryQuery], limit: Limit = 50, after: After = "") -> dict[str, Any]:
    """List entries of the trail, the newest first.

    A page may have fewer entries than the limit, or none, and still be followed by others: it looks through a bounded
    number of entries.
    """
    reader = administrator(request)
    form = trail.filter_form(reader, wanted.dict(exclude_none=True))
    return page_of_entries(form, trail.scope_of(reader), after=after, limit=limit)


@router.get("/admin/audit/{entry_id}", response=EntryOut, auth=READ)
def entry(request: HttpRequest, entry_id: EntryId) -> dict[str, Any]:
    """Return an entry with what was before and after. No secret is ever in it."""
    found = visible(trail.scope_of(administrator(request))).filter(pk=entry_id).first()
    if found is None:
        raise Http404
    return serialize_past(found)
