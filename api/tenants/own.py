"""``/v1/tenants``: the organizations of a person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from accounts.organizations.own_organizations import organizations_of
from api.callers import caller_of
from api.guards import requires
from authserver.scopes import ACCOUNT_READ

router = Router(tags=["Organizations"])


class OwnTenantOut(Schema):
    """One of the person's organizations. ``is_active``: the caller acts there."""

    id: UUID
    name: str
    role: str
    since: datetime
    is_primary: bool
    is_active: bool


@router.get("/tenants", response=list[OwnTenantOut], auth=requires(own=True, scope=ACCOUNT_READ))
def own_tenants(request: HttpRequest) -> list[dict[str, Any]]:
    """List the person's organizations with their role in each; to the app of an organization, that one alone."""
    caller = caller_of(request)
    return [
        {name: getattr(one, name) for name in OwnTenantOut.model_fields}
        for one in organizations_of(caller.id, active=caller.tenant_id)
        if caller.may_know(one.id)
    ]
