"""Who belongs where, as what: the one place that changes it, and ends the sessions that a change must end.

A session that somebody else may hold must not gain what its owner is given today (the unexpired-session attack,
USENIX Security 2022), nor keep what they lose.
"""

from django.db import transaction

from accounts.models import Membership, Role, Tenant, User
from accounts.organizations import rights
from accounts.sessions import SessionRevocationReason, revoke_others


def add(user: User, tenant: Tenant, role: Role, *, keep: str | None = None) -> Membership:
    """Let a person belong to a tenant; ``keep`` names the session in which they asked for it themselves.

    Raises IntegrityError if they belong to it already.
    """
    with transaction.atomic():
        membership = Membership.objects.create(user=user, tenant=tenant, role=role)
        revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
        rights.notify(user, tenant_id=tenant.pk, role_id=role.pk)
    return membership


def change_role(membership: Membership, role: Role, *, keep: str | None = None) -> None:
    """Make a person something else in their tenant, by hand from now on. No change, no write."""
    if membership.role_id == role.pk:
        return
    former = membership.role_id
    with transaction.atomic():
        membership.role, membership.rule = role, None
        membership.save(update_fields=["role", "rule"])
        revoke_others(membership.user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
        rights.notify(membership.user, tenant_id=membership.tenant_id, role_id=role.pk, former_role_id=former)


def remove(membership: Membership, *, keep: str | None = None) -> None:
    """Let a person belong to a tenant no longer."""
    with transaction.atomic():
        user = membership.user
        membership.delete()
        revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
