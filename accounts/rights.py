"""Telling people by mail that they were given rights of an administrator in an organization."""

from collections.abc import Collection
from uuid import UUID

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Role, Tenant, User


def tell(people: Collection[UUID], *, tenant_id: UUID, role_id: int, former_role_id: int | None = None) -> None:
    """Mail people who have a role in a tenant by now, if it lets them do anything in the admin that they could not.

    Call it in the transaction that gives the role, in a context that sees the tenant.
    """
    if not _rights(role_id) - (_rights(former_role_id) if former_role_id else set()):
        return
    tenant = Tenant.objects.filter(pk=tenant_id).values_list("name", flat=True).first() or ""
    notices.tell_all(User.objects.filter(pk__in=people), Notice.TENANT_RIGHTS_GIVEN, tenant=tenant)


def _rights(role_id: int) -> set[int]:
    return set(Role.permissions.through.objects.filter(role_id=role_id).values_list("permission_id", flat=True))
