"""Notify people that they were granted administrator's rights in an organization.

Call these in the transaction that grants the role, in a context that sees the tenant.
"""

from collections.abc import Collection
from uuid import UUID

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Role, Tenant, User


def notify(user: User, *, tenant_id: UUID, role_id: int, former_role_id: int | None = None) -> None:
    """Notify a person who has just been granted a role, if it has permissions that their former role did not."""
    former = _rights(former_role_id) if former_role_id else set()
    if _rights(role_id) - former:
        notices.notify(user, Notice.TENANT_RIGHTS_GIVEN, tenant=_name(tenant_id))


def notify_all(people: Collection[UUID], *, tenant_id: UUID, role_id: int) -> None:
    """Notify many people who have just been granted a role, if it has any permissions."""
    if _rights(role_id):
        notices.notify_all(people, Notice.TENANT_RIGHTS_GIVEN, tenant=_name(tenant_id))


def _rights(role_id: int) -> set[int]:
    return set(Role.permissions.through.objects.filter(role_id=role_id).values_list("permission_id", flat=True))


def _name(tenant_id: UUID) -> str:
    return Tenant.objects.filter(pk=tenant_id).values_list("name", flat=True).first() or ""
