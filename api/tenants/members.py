"""``/v1/tenants/{tenant_id}/members``: who belongs to an organization, in which role."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema, Status

from accounts.models import Membership, Role
from accounts.organizations import delegation, memberships
from accounts.organizations.delegation import NotDelegated
from api.administration.acting import above, member_acting, session_to_keep
from api.guards import requires
from api.inputs import Id, Input
from api.paging import After, Limit, Page, page_of
from api.problems import INVALID_REQUEST, ApiError
from authserver.scopes import MEMBERS_READ, MEMBERS_WRITE

router = Router(tags=["Organizations: members"])
READ = requires(scope=MEMBERS_READ, permission="accounts.view_membership", tenant=True)
CHANGE = requires(scope=MEMBERS_WRITE, permission="accounts.change_membership", tenant=True, fresh="10m")
REMOVE = requires(scope=MEMBERS_WRITE, permission="accounts.delete_membership", tenant=True, fresh="10m")


class MemberOut(Schema):
    """A member. ``is_by_rule``: a claim rule gave the role, and follows the claims at each sign-in."""

    user_id: UUID
    name: str
    email: str | None
    email_verified: bool
    role: str
    role_id: int
    since: datetime
    is_by_rule: bool


class MemberIn(Input):
    role_id: Id = Field(examples=[3])


@router.get("/tenants/{tenant_id}/members", response=Page[MemberOut], auth=READ)
def members(request: HttpRequest, tenant_id: UUID, limit: Limit = 50, after: After = "") -> dict[str, Any]:
    """List the members of the organization with their roles."""
    shown, following = page_of(_members_of(tenant_id), after=after, limit=limit)
    return {"items": [_member(one) for one in shown], "next": following}


@router.patch("/tenants/{tenant_id}/members/{user_id}", response=MemberOut, auth=CHANGE)
def change_member(request: HttpRequest, tenant_id: UUID, user_id: UUID, wanted: MemberIn) -> dict[str, Any]:
    """Give a member another role. Their sessions end, and claim rules no longer change the role."""
    membership = _membership(tenant_id, user_id)
    role = Role.objects.filter(pk=wanted.role_id).first()
    if role is None or not role.fits(tenant_id):
        raise unknown_role()
    _check(request, membership, role)
    memberships.change_role(membership, role, keep=session_to_keep(request, membership.user))
    return _member(membership)


@router.delete("/tenants/{tenant_id}/members/{user_id}", response={204: None}, auth=REMOVE)
def remove_member(request: HttpRequest, tenant_id: UUID, user_id: UUID) -> Status[None]:
    """Remove a member from the organization. Their account stays, and their sessions end."""
    membership = _membership(tenant_id, user_id)
    _check(request, membership)
    memberships.remove(membership, keep=session_to_keep(request, membership.user))
    return Status(204, None)


def unknown_role() -> ApiError:
    """Return the error for a role that cannot be given in the organization."""
    fault = {"field": "body.role_id", "message": "There is no such role in the organization."}
    return ApiError(INVALID_REQUEST, "The input is not accepted.", fields=[fault])


def _members_of(tenant_id: UUID) -> QuerySet[Membership]:
    return Membership.objects.select_related("user", "role").filter(tenant=tenant_id)


def _membership(tenant_id: UUID, user_id: UUID) -> Membership:
    """Return a membership, locked: nobody else changes it meanwhile."""
    found = _members_of(tenant_id).select_for_update(of=("self",)).filter(user=user_id).first()
    if found is None:
        raise Http404
    return found


def _check(request: HttpRequest, membership: Membership, role: Role | None = None) -> None:
    try:
        delegation.check_membership(member_acting(request), membership.user, membership.tenant_id, role)
    except NotDelegated as refused:
        raise above(request, membership, refused.reason) from None


def _member(one: Membership) -> dict[str, Any]:
    return {
        "user_id": one.user_id,
        "name": one.user.name,
        "email": one.user.email,
        "email_verified": one.user.email_verified,
        "role": one.role.name,
        "role_id": one.role_id,
        "since": one.created_at,
        "is_by_rule": one.rule_id is not None,
    }
