"""What the shell calls tenants, people and roles, found as what they are, or refused with one line."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Role, Tenant, User
from foundation.canonical_email import canonical_or_none
from tenancy import site_context

Done = TypeVar("Done")


def find_tenant(named: str) -> Tenant:
    """Return the tenant with this id or short name. Raises CommandError."""
    with site_context("a command finds the tenant that it was told"):
        pk = _uuid(named)
        found = Tenant.objects.filter(Q(pk=pk) if pk else Q(slug=named)).first()
    if found is None:
        raise CommandError(f"There is no tenant with the id or short name {named!r}.")
    return found


def find_person(named: str) -> User:
    """Return the account with this id, username, or address if it is verified. Raises CommandError.

    Anybody can claim an address that nobody has verified, so it names no account (ADR 2).
    """
    pk = _uuid(named)
    has_address = Q(canonical_email=canonical_or_none(named) or "")
    if pk:
        found = list(User.objects.filter(pk=pk))
    else:
        found = list(
            User.objects.filter(
                Q(username=named) | (has_address & Q(email_verified=True, address_dispute=None))
            ).order_by("pk")
        )
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{named!r} is one account's username and another's address: name the account by its id.")
    others = list(User.objects.filter(has_address).values_list("address_dispute", flat=True))
    if others:
        is_disputed = any(number is not None for number in others)
        why = "that is in dispute" if is_disputed else "that nobody has verified"
        raise CommandError(
            f"{named!r} is an address {why} (accounts with it: {len(others)}): name the account by its id."
        )
    raise CommandError(f"There is no account with the id, username or verified address {named!r}.")


def find_role(named: str, tenant: Tenant) -> Role:
    """Return the role that can be given in a tenant: its own of this name, else the global one. Raises CommandError."""
    with site_context("a command finds the role that it was told"):
        found = list(Role.objects.filter(name=named))
    for role in sorted(found, key=lambda role: role.tenant_id is None):
        if role.fits(tenant.pk):
            return role
    if found:
        raise CommandError(f"The role {named!r} belongs to another tenant than {tenant}.")
    raise CommandError(f"There is no role {named!r}, neither of {tenant} nor a global one.")


def get_or_create(provide: Callable[[], Done]) -> Done:
    """Look for something and make it where it is missing; where somebody makes it at this moment, find theirs."""
    try:
        with transaction.atomic():
            return provide()
    except IntegrityError:
        return provide()


def in_one_line(invalid: ValidationError) -> CommandError:
    """Turn what a model's validation says into what a command says."""
    faults = invalid.message_dict if hasattr(invalid, "error_dict") else {"": invalid.messages}
    return CommandError("; ".join(f"{name}: {' '.join(said)}".removeprefix(": ") for name, said in faults.items()))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
