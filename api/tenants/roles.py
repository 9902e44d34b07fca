"""``/v1/tenants/{tenant_id}/roles``: what the members of an organization may do."""

from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest
from ninja import Field, Path, Router, Schema, Status
from pydantic import StringConstraints

from accounts.models import Role
from accounts.organizations import own_roles
from accounts.organizations.delegation import NotDelegated
from api.administration.acting import above, member_acting
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import Input, Line, invalid
from api.paging import After, Limit, Page, page_of
from api.problems import CONFLICT, FORBIDDEN, ApiError
from authserver.scopes import MEMBERS_READ, ROLES_WRITE

router = Router(tags=["Organizations: roles"])
READ = requires(scope=MEMBERS_READ, permission="accounts.view_role", tenant=True)
ADD = requires(scope=ROLES_WRITE, permission="accounts.add_role", tenant=True, fresh="10m")
CHANGE = requires(scope=ROLES_WRITE, permission="accounts.change_role", tenant=True, fresh="10m")
REMOVE = requires(scope=ROLES_WRITE, permission="accounts.delete_role", tenant=True, fresh="10m")
OF_INVITATIONS = "accounts.delete_invitation"  # a role's invitations are deleted with it

RoleId = Annotated[int, Path(ge=0, lt=2**63)]
Scopes = Annotated[list[Annotated[str, StringConstraints(max_length=100)]], Field(max_length=200)]
Permission = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$", max_length=200)]
Permissions = Annotated[list[Permission], Field(max_length=500)]


class RoleOut(Schema):
    """A role that can be given in the organization. ``is_own``: it is defined there, and not for the whole site.

    ``permissions`` are the rights of the admin; ``scopes`` are what programs of its members may do.
    """

    id: int
    name: str
    description: str
    permissions: list[str]
    scopes: list[str]
    is_own: bool


class RoleIn(Input):
    name: Line = Field(max_length=100, examples=["Librarian"])
    description: Line = Field("", max_length=300, examples=["Looks after the books."])
    permissions: Permissions = Field([], examples=[["accounts.view_membership"]])
    scopes: Scopes = Field([], examples=[["books:write"]])


class RoleChangesIn(Input):
    """What to change; what is left out stays."""

    name: Line = Field("", max_length=100, examples=["Librarian"])
    description: Line = Field("", max_length=300)
    permissions: Permissions = Field([], examples=[["accounts.view_membership"]])
    scopes: Scopes = Field([], examples=[["books:write"]])


@router.get("/tenants/{tenant_id}/roles", response=Page[RoleOut], auth=READ)
def roles(request: HttpRequest, tenant_id: UUID, limit: Limit = 50, after: After = "") -> dict[str, Any]:
    """List the roles that members of the organization can have."""
    known = Role.objects.prefetch_related("permissions__content_type")
    shown, following = page_of(known, after=after, limit=limit)
    return {"items": [_role(one) for one in shown], "next": following}


@router.post("/tenants/{tenant_id}/roles", response={201: RoleOut}, auth=ADD)
@idempotent(reach=lambda _request, created, tenant_id, **_: _own_role(tenant_id, created["id"]))
def create_role(request: HttpRequest, tenant_id: UUID, wanted: RoleIn) -> Status[dict[str, Any]]:
    """Create a role of the organization, with at most the rights that the caller has there."""
    role = Role(tenant_id=tenant_id, name=wanted.name, description=wanted.description, scopes=wanted.scopes)
    _save(request, role, wanted.permissions)
    return Status(201, _role(role))


@router.patch("/tenants/{tenant_id}/roles/{role_id}", response={200: RoleOut}, auth=CHANGE)
def change_role(request: HttpRequest, tenant_id: UUID, role_id: RoleId, wanted: RoleChangesIn) -> dict[str, Any]:
    """Change a role of the organization. Neither the former nor the new one may have more than the caller."""
    role = _own_role(tenant_id, role_id)
    changed = wanted.dict(exclude_unset=True)
    permissions = changed.pop("permissions", None)
    for name, value in changed.items():
        setattr(role, name, value)
    _save(request, role, permissions)
    return _role(role)


@router.delete("/tenants/{tenant_id}/roles/{role_id}", response={204: None}, auth=REMOVE)
def delete_role(request: HttpRequest, tenant_id: UUID, role_id: RoleId) -> Status[None]:
    """Delete a role of the organization with its invitations. While a member has it, this is a conflict."""
    role = _own_role(tenant_id, role_id)
    if role.invitations.exists() and not member_acting(request).has_perm(OF_INVITATIONS):
        raise ApiError(FORBIDDEN, "The role has invitations.", missing=[{"permission": OF_INVITATIONS}])
    try:
        own_roles.remove(role, by=member_acting(request))
    except NotDelegated as refused:
        raise above(request, role, refused.reason) from None
    except ProtectedError:
        raise ApiError(CONFLICT, "Members or claim rules have this role.") from None
    return Status(204, None)


def _save(request: HttpRequest, role: Role, permissions: list[str] | None) -> None:
    try:
        own_roles.save(role, by=member_acting(request), permissions=permissions)
    except NotDelegated as refused:
        raise above(request, role if role.pk else None, refused.reason) from None
    except ValidationError as found:
        raise invalid(found) from None
    except IntegrityError:
        raise ApiError(CONFLICT, "There is a role of this name already.") from None


def _own_role(tenant_id: UUID, role_id: int) -> Role:
    """Return a role of the organization, locked: nobody else changes it meanwhile. Global ones are superusers'."""
    found = Role.objects.select_for_update().filter(pk=role_id, tenant=tenant_id).first()
    if found is None:
        raise Http404
    return found


def _role(one: Role) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "description": one.description,
        "permissions": sorted(f"{each.content_type.app_label}.{each.codename}" for each in one.permissions.all()),
        "scopes": one.scopes,
        "is_own": one.tenant_id is not None,
    }
