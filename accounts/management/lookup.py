"""Look up the tenants, people and roles that are named on the command line, or fail with one line."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Role, Tenant, User
from foundation.canonical_email import canonical_or_none
from tenancy import site_context

Done = TypeVar("Done")


def find_tenant(named: str) -> Tenant:
    """Return the tenant with this id or short name. Raises CommandError."""
    with site_context("a command looks up a tenant"):
        pk = _uuid(named)
        found = Tenant.objects.filter(Q(pk=pk) if pk else Q(slug=named)).first()
    if found is None:
        raise CommandError(f"There is no tenant with the id or short name {named!r}.")
    return found


def find_person(named: str) -> User:
    """Return the account with this id, username or verified address. Raises CommandError.

    An unverified address identifies no account, because anybody can claim it (ADR 2).
    """
    pk = _uuid(named)
    has_address = Q(canonical_email=canonical_or_none(named) or "")
    if pk:
        found = list(User.objects.filter(pk=pk))
    else:
        found = list(User.objects.filter(Q(username=named) | (has_address & Q(email_verified=True))).order_by("pk"))
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{named!r} is one account's username and another's address: give the id of the account.")
    others = User.objects.filter(has_address).count()
    if others:
        raise CommandError(
            f"{named!r} is an address that is not verified (accounts with it: {others}): give the id of the account."
        )
    raise CommandError(f"There is no account with the id, username or verified address {named!r}.")


def find_role(named: str, tenant: Tenant) -> Role:
    """Return the role with this name: the tenant's own if there is one, else the global one. Raises CommandError."""
    with site_context("a command looks up a role"):
        found = list(Role.objects.filter(name=named))
    for role in sorted(found, key=lambda role: role.tenant_id is None):
        if role.fits(tenant.pk):
            return role
    if found:
        raise CommandError(f"The role {named!r} belongs to a tenant other than {tenant}.")
    raise CommandError(f"There is no role {named!r}, neither in {tenant} nor a global one.")


def get_or_create(provide: Callable[[], Done]) -> Done:
    """Call ``provide``, which gets or creates something. If a concurrent transaction was faster, call it again."""
    try:
        with transaction.atomic():
            return provide()
    except IntegrityError:
        return provide()


def in_one_line(invalid: ValidationError) -> CommandError:
    """Turn a ValidationError of a model into a CommandError of one line."""
    errors = invalid.message_dict if hasattr(invalid, "error_dict") else {NON_FIELD_ERRORS: invalid.messages}
    lines = (f"{name}: {' '.join(messages)}".removeprefix(f"{NON_FIELD_ERRORS}: ") for name, messages in errors.items())
    return CommandError("; ".join(lines))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
