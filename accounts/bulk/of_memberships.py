"""Bulk actions on people's memberships in one tenant: adding them, removing them, changing their roles."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.bulk.base import BulkActionKind, BulkOrder, SkipReason
from accounts.models import Membership, Role, User
from accounts.organizations import rights
from accounts.organizations.roles import MEMBER
from accounts.sessions import SessionRevocationReason, revoke_all_sessions


class OfMembership(BulkActionKind):
    """An action on one tenant's memberships. Row-level security keeps a tenant's administrator out of all others."""

    needs_tenant = True

    def reasons(self, order: BulkOrder, people: Mapping[UUID, User]) -> Callable[[User], SkipReason | None]:
        memberships = {m.user_id: m for m in _memberships(order, people).select_related("role")}
        return lambda person: self.reason(order, memberships.get(person.pk))

    @abstractmethod
    def reason(self, order: BulkOrder, membership: Membership | None) -> SkipReason | None: ...


class AddToTenant(OfMembership):
    """For superusers only: a tenant's administrators do not see people outside it, and invite them instead."""

    name = "add_to_tenant"
    label = _("Add to a tenant…")
    question = _("Add these people to the tenant?")
    permission = "accounts.add_membership"
    needs_role = True
    is_for_superusers = True

    def reason(self, order: BulkOrder, membership: Membership | None) -> SkipReason | None:
        return SkipReason.ALREADY if membership else None

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        new = (Membership(user_id=pk, tenant_id=order.tenant, role=order.role) for pk in ids)
        Membership.objects.bulk_create(new, ignore_conflicts=True)
        revoke_all_sessions(ids, reason=SessionRevocationReason.ROLE_CHANGED)
        _notify_of_roles(order, ids)


class GrantRole(OfMembership):
    name = "grant_role"
    label = _("Give a role…")
    question = _("Give these people the role?")
    permission = "accounts.change_membership"
    needs_role = True

    def reason(self, order: BulkOrder, membership: Membership | None) -> SkipReason | None:
        if membership is None:
            return SkipReason.NOT_A_MEMBER
        if membership.role == order.role:
            return SkipReason.ALREADY
        return None if order.may_grant(membership.role) else SkipReason.OUT_OF_REACH

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        _memberships(order, ids).update(role=order.role, rule=None)
        revoke_all_sessions(ids, reason=SessionRevocationReason.ROLE_CHANGED)
        _notify_of_roles(order, ids)


class RevokeRole(OfMembership):
    """The people stay members; RemoveFromTenant ends the membership."""

    name = "revoke_role"
    label = _("Take a role away…")
    question = _("Take the role away from these people?")
    permission = "accounts.change_membership"
    needs_role = True

    def offers(self, role: Role) -> bool:
        return (role.tenant_id, role.name) != (None, MEMBER.name)

    def reason(self, order: BulkOrder, membership: Membership | None) -> SkipReason | None:
        if membership is None:
            return SkipReason.NOT_A_MEMBER
        return None if membership.role == order.role else SkipReason.OTHER_ROLE

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        _memberships(order, ids).update(role=Role.objects.get(tenant=None, name=MEMBER.name), rule=None)
        revoke_all_sessions(ids, reason=SessionRevocationReason.ROLE_CHANGED)


class RemoveFromTenant(OfMembership):
    name = "remove_from_tenant"
    label = _("Remove from a tenant…")
    question = _("Remove these people from the tenant?")
    permission = "accounts.delete_membership"

    def reason(self, order: BulkOrder, membership: Membership | None) -> SkipReason | None:
        if membership is None:
            return SkipReason.NOT_A_MEMBER
        return None if order.may_grant(membership.role) else SkipReason.OUT_OF_REACH

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        _memberships(order, ids).delete()
        revoke_all_sessions(ids, reason=SessionRevocationReason.ROLE_CHANGED)


def _memberships(order: BulkOrder, ids: Iterable[UUID]) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant_id=order.tenant, user_id__in=list(ids))


def _notify_of_roles(order: BulkOrder, ids: list[UUID]) -> None:
    if order.role is not None:
        rights.notify_all(ids, tenant_id=order.tenant, role_id=order.role.pk)
