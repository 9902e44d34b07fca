"""Add, change and remove single memberships, and revoke the sessions that the change must end.

A session that an attacker may hold must not gain rights that its owner is granted today (the unexpired-session attack,
USENIX Security 2022), nor keep rights that the owner loses.
"""

from uuid import UUID

from django.db import transaction

from accounts.models import Membership, Role, Tenant, User
from accounts.organizations import rights
from accounts.sessions import SessionRevocationReason, revoke_others
from foundation.rows import fetch_one

IS_MEMBER = "SELECT 1 FROM public.tenancy_own(%s) m WHERE m.tenant_id = %s"


def is_member(user: User, tenant_id: UUID) -> bool:
    """Whether a person is a member of a tenant now, asked in any context."""
    return fetch_one(IS_MEMBER, [user.pk, tenant_id]) is not None


def add(user: User, tenant: Tenant, role: Role, *, keep: str | None = None) -> Membership:
    """Add a person to a tenant. ``keep`` is the key of the session in which they requested it themselves.

    Raises IntegrityError if they are a member already.
    """
    with transaction.atomic():
        membership = Membership.objects.create(user=user, tenant=tenant, role=role)
        revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
        rights.notify(user, tenant_id=tenant.pk, role_id=role.pk)
    return membership


def add_new_account(user: User, tenant: Tenant, role: Role) -> Membership:
    """Add a person whose account this transaction has opened: they have no session that must end."""
    membership = Membership.objects.create(user=user, tenant=tenant, role=role)
    rights.notify(user, tenant_id=tenant.pk, role_id=role.pk)
    return membership


def change_role(membership: Membership, role: Role, *, keep: str | None = None) -> None:
    """Change a person's role; claim rules no longer manage this membership. Without a change, write nothing."""
    if membership.role_id == role.pk:
        return
    former = membership.role_id
    with transaction.atomic():
        membership.role, membership.rule = role, None
        membership.save(update_fields=["role", "rule"])
        revoke_others(membership.user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
        rights.notify(membership.user, tenant_id=membership.tenant_id, role_id=role.pk, former_role_id=former)


def remove(membership: Membership, *, keep: str | None = None) -> None:
    """Remove a person from a tenant."""
    with transaction.atomic():
        user = membership.user
        membership.delete()
        revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
