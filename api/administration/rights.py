"""``/v1/admin/users/{id}/rights``: the rights of a person that hold in all tenants. Only superusers decide on them."""

from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.models import User
from accounts.organizations.roles import permissions
from accounts.people.account_changes import LastSuperuser, SiteRights, set_rights
from api.administration.acting import administrator, last_superuser, session_to_keep
from api.administration.users import person_of
from api.guards import requires
from api.inputs import Input
from api.problems import INVALID_REQUEST, ApiError
from api.rights import SITE_ADMIN
from authserver.scopes import USERS_READ, USERS_WRITE

router = Router(tags=["Administration: people"])
READ = requires(scope=USERS_READ, role=SITE_ADMIN)
WRITE = requires(scope=USERS_WRITE, role=SITE_ADMIN, fresh="10m")
MOST = 500  # groups, or permissions


class RightsIn(Input):
    """All rights that the person has from now on: others are taken away. Permissions are ``app.codename``."""

    is_staff: bool
    is_superuser: bool
    groups: list[str] = Field(max_length=MOST, examples=[["Support"]])
    permissions: list[str] = Field(max_length=MOST, examples=[["accounts.view_user"]])


class RightsOut(Schema):
    is_staff: bool
    is_superuser: bool
    groups: list[str]
    permissions: list[str]


@router.get("/admin/users/{user_id}/rights", response=RightsOut, auth=READ)
def rights(request: HttpRequest, user_id: UUID) -> dict[str, Any]:
    """Return the rights of a person that hold in all tenants. Those of their roles come on top of them."""
    return _shown(person_of(administrator(request), user_id))


@router.put("/admin/users/{user_id}/rights", response={200: RightsOut}, auth=WRITE)
def replace_rights(request: HttpRequest, user_id: UUID, wanted: RightsIn) -> dict[str, Any]:
    """Replace the rights of a person that hold in all tenants, and end their sessions."""
    person = person_of(administrator(request), user_id)
    groups = list(Group.objects.filter(name__in=wanted.groups))
    _check("groups", wanted.groups, (group.name for group in groups))
    given = permissions(tuple(label for label in wanted.permissions if "." in label))
    _check("permissions", wanted.permissions, map(_label, given))
    new = SiteRights(is_staff=wanted.is_staff, is_superuser=wanted.is_superuser, groups=groups, user_permissions=given)
    try:
        set_rights(person, new, keep=session_to_keep(request, person))
    except LastSuperuser:
        raise last_superuser(request, person) from None
    return _shown(User.objects.get(pk=person.pk))


def _shown(person: User) -> dict[str, Any]:
    given = cast("Iterable[Permission]", person.user_permissions.select_related("content_type"))
    return {
        "is_staff": person.is_staff,
        "is_superuser": person.is_superuser,
        "groups": sorted(group.name for group in person.groups.all()),
        "permissions": sorted(map(_label, given)),
    }


def _label(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"


def _check(name: str, wanted: Sequence[str], known: Iterable[str]) -> None:
    """Raise ApiError if one of the names is unknown. The error says at which places."""
    found = set(known)
    faults = [
        {"field": f"body.{name}.{place}", "message": "There is no such name."}
        for place, one in enumerate(wanted)
        if one not in found
    ]
    if faults:
        raise ApiError(INVALID_REQUEST, "The input is not accepted.", fields=faults)
