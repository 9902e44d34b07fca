"""``/v1/tenants``: the caller's organizations, and what their administrators see of the active one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from accounts.models import Membership, Role, Tenant
from accounts.organizations.own_organizations import organizations_of
from api.callers import caller_of
from api.guards import requires
from api.paging import After, Limit, Page, page_of
from api.problems import Problem
from authserver.scopes import ACCOUNT_READ, MEMBERS_READ, SETTINGS_READ

router = Router(tags=["Organizations"])
REFUSED = {401: Problem, 403: Problem, 422: Problem, 429: Problem}
MEMBERS = requires(scope=MEMBERS_READ, permission="accounts.view_membership", tenant=True)
ROLES = requires(scope=MEMBERS_READ, permission="accounts.view_role", tenant=True)
SETTINGS = requires(scope=SETTINGS_READ, permission="accounts.view_tenant", tenant=True)


class OwnTenantOut(Schema):
    """One of the person's organizations. ``is_active``: the caller acts there."""

    id: UUID
    name: str
    role: str
    since: datetime
    is_primary: bool
    is_active: bool


class MemberOut(Schema):
    user_id: UUID
    name: str
    email: str | None
    email_verified: bool
    role: str
    since: datetime


class RoleOut(Schema):
    """A role that can be given in the organization. ``is_own``: it is defined there, and not for the whole site."""

    name: str
    description: str
    scopes: list[str]
    is_own: bool


class SettingsOut(Schema):
    """How the organization is called, and how long its people stay signed in; empty means as long as the site says."""

    id: UUID
    name: str
    slug: str
    session_idle_minutes: int | None
    session_lifetime_hours: int | None
    remembered_idle_days: int | None
    remembered_lifetime_days: int | None


@router.get("/tenants", response={200: list[OwnTenantOut], **REFUSED}, auth=requires(own=True, scope=ACCOUNT_READ))
def own_tenants(request: HttpRequest) -> list[dict[str, Any]]:
    """List the person's organizations with their role in each."""
    caller = caller_of(request)
    return [
        {name: getattr(one, name) for name in OwnTenantOut.model_fields}
        for one in organizations_of(caller.id, active=caller.tenant_id)
    ]


@router.get("/tenants/{tenant_id}/members", response={200: Page[MemberOut], **REFUSED}, auth=MEMBERS)
def members(request: HttpRequest, tenant_id: UUID, limit: Limit = 50, after: After = "") -> dict[str, Any]:
    """List the members of the organization with their roles."""
    shown, following = page_of(
        Membership.objects.select_related("user", "role").filter(tenant=tenant_id), after=after, limit=limit
    )
    items = [
        {
            "user_id": one.user_id,
            "name": one.user.name,
            "email": one.user.email,
            "email_verified": one.user.email_verified,
            "role": one.role.name,
            "since": one.created_at,
        }
        for one in shown
    ]
    return {"items": items, "next": following}


@router.get("/tenants/{tenant_id}/roles", response={200: Page[RoleOut], **REFUSED}, auth=ROLES)
def roles(request: HttpRequest, tenant_id: UUID, limit: Limit = 50, after: After = "") -> dict[str, Any]:
    """List the roles that members of the organization can have."""
    shown, following = page_of(Role.objects.all(), after=after, limit=limit)
    items = [
        {"name": one.name, "description": one.description, "scopes": one.scopes, "is_own": one.tenant_id is not None}
        for one in shown
    ]
    return {"items": items, "next": following}


@router.get("/tenants/{tenant_id}/settings", response={200: SettingsOut, **REFUSED}, auth=SETTINGS)
def tenant_settings(request: HttpRequest, tenant_id: UUID) -> dict[str, Any]:
    """Return the settings of the organization."""
    tenant = Tenant.objects.get(pk=tenant_id)
    return {name: getattr(tenant, name) for name in SettingsOut.model_fields}
