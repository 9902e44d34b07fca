"""Delegation: nobody grants, edits or removes more than they have themselves (ADR 12).

This is decided by inclusion: a role is within an actor's reach if the actor has each of its permissions and scopes in
that tenant, and a person if the actor has each of that person's. A superuser reaches everything, but cannot remove the
last superuser.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role, User
from audit.events import Event, record
from tenancy import site_context

ABOVE = _("This is above what you may do yourself. Nothing was changed.")
LAST_SUPERUSER = _("This is the last superuser who can sign in: make another one first. Nothing was changed.")
ONE_AT_A_TIME = 0x5E55_10A6  # the PostgreSQL advisory lock for removing superusers


class NotDelegated(Exception):
    """Somebody wanted more than they may do themselves. Nothing was written; ``reason`` is for the trail."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def may_enter_admin(user: User | AnonymousUser) -> bool:
    """Whether a person may enter the admin at all; what they see there is decided elsewhere."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_staff or user.is_superuser or bool(user.active_membership and user.active_membership.permissions)


def may_grant(actor: User, role: Role, tenant_id: UUID) -> bool:
    """Whether the actor may grant a role in a tenant."""
    if not role.fits(tenant_id):
        return False
    return has_all(actor, tenant_id, permissions_of(role), role.scopes)


def may_define(actor: User, role: Role, permissions: Iterable[str], scopes: Iterable[str]) -> bool:
    """Whether the actor may give a role these permissions and scopes. Global roles are for superusers."""
    if actor.is_superuser:
        return True
    return role.tenant_id is not None and has_all(actor, role.tenant_id, permissions, scopes)


def may_edit(actor: User, target: User) -> bool:
    """Whether the actor may change a person's account, or their membership in the actor's active tenant.

    In a pinned session nobody may change their own (ADR 73).
    """
    if actor.pk == target.pk:
        return actor.pinned_tenant is None
    return not out_of_reach(actor, [target])


def is_theirs_alone(actor: User, target: User) -> bool:
    """Whether the actor may change the whole account: as a superuser, or in the only tenant it belongs to."""
    if actor.is_superuser:
        return True
    if actor.active_membership is None or not may_edit(actor, target):
        return False
    return not belong_elsewhere([target], actor.active_membership.tenant_id)


def check_membership(actor: User, target: User, tenant_id: UUID, role: Role | None = None) -> None:
    """Check that the actor may change a person's membership and, if a role is given, grant it. Raises NotDelegated."""
    if not may_edit(actor, target):
        raise NotDelegated("person_above")
    if role is not None and not may_grant(actor, role, tenant_id):
        raise NotDelegated("role_above")


def check_definition(actor: User, role: Role, permissions: Iterable[str], scopes: Iterable[str]) -> None:
    """Check that the actor may give a role these permissions and scopes, and take those away that it has stored.

    Raises NotDelegated.
    """
    if role.pk and not may_define(actor, role, permissions_of(role), Role.objects.get(pk=role.pk).scopes):
        raise NotDelegated("role_above")
    if not may_define(actor, role, permissions, scopes):
        raise NotDelegated("role_would_be_above")


def out_of_reach(actor: User, people: Collection[User]) -> set[UUID]:
    """Return the people who have more than the actor, or are not members of the actor's active tenant."""
    if actor.is_superuser:
        return set()
    if actor.active_membership is None:
        return {person.pk for person in people}
    tenant_id = actor.active_membership.tenant_id
    memberships = Membership.objects.filter(tenant=tenant_id, user__in=people).select_related("role")
    roles = {membership.user_id: membership.role for membership in memberships}
    granted = {role.pk: may_grant(actor, role, tenant_id) for role in set(roles.values())}
    return {
        person.pk
        for person in people
        if person.is_superuser
        or person.pk not in roles
        or not granted[roles[person.pk].pk]
        or not has_all(actor, tenant_id, person.get_all_permissions(), ())
    }


def has_all(actor: User, tenant_id: UUID, permissions: Iterable[str], scopes: Iterable[str]) -> bool:
    """Whether the actor has all of this in a tenant. In tenants other than the active one they have nothing."""
    if actor.is_superuser and actor.is_active:
        return True
    membership = actor.active_membership
    if membership is None or membership.tenant_id != tenant_id:
        return False
    return set(permissions) <= actor.get_all_permissions() and set(scopes) <= membership.scopes


def belong_elsewhere(people: Collection[User], tenant_id: UUID) -> set[UUID]:
    """Return the people who are members of another tenant too: then one tenant alone may not change the account."""
    with site_context("whether an account belongs to one tenant only"):
        elsewhere = Membership.objects.filter(user__in=people).exclude(tenant=tenant_id)
        return set(elsewhere.values_list("user_id", flat=True))


def is_last_superuser(user: User) -> bool:
    """Whether this is the last active superuser. Two superusers who demote each other concurrently wait here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    return superusers.filter(pk=user.pk).exists() and not superusers.exclude(pk=user.pk).exists()


def record_refusal(actor: User, what: User | Role | Membership | None, *, reason: str) -> None:
    record(Event.CHANGE_REFUSED, person=_person(what), object=what, reason=reason, requested_by=str(actor.pk))


def _person(what: User | Role | Membership | None) -> UUID | None:
    if isinstance(what, User):
        return what.pk
    return what.user_id if isinstance(what, Membership) else None


def permissions_of(role: Role) -> set[str]:
    labels = role.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in labels}
