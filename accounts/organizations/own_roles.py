"""Roles that administrators define for their tenant. Nobody defines one with more rights than their own (ADR 12)."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.organizations import delegation, roles


def save(role: Role, *, by: User, permissions: Collection[str] | None = None) -> None:
    """Create or change a role. Without ``permissions``, as ``app.codename``, it keeps those that it has.

    Raises NotDelegated, ValidationError, and IntegrityError if somebody else has just taken the name.
    """
    kept = delegation.permissions_of(role) if role.pk else set()
    wanted = kept if permissions is None else set(permissions)
    found = roles.permissions(tuple(wanted))
    if len(found) < len(wanted):
        raise ValidationError({"permissions": _("There is no such permission.")})
    role.full_clean()
    delegation.check_definition(by, role, wanted, role.scopes)
    with transaction.atomic():
        role.save()
        role.permissions.set(found)


def remove(role: Role, *, by: User) -> None:
    """Delete a role with its invitations. Raises NotDelegated, and ProtectedError while somebody has the role."""
    delegation.check_definition(by, role, (), ())
    role.delete()
