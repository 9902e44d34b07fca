"""The providers that an administrator can choose in filters and forms: those of the site, and their own connections."""

from uuid import UUID

from accounts.models import User
from accounts.sign_in.provider_names import NAMES
from providers.connections import directory


def provider_choices(person: User) -> list[tuple[str, str]]:
    """Return ids and names, in the order of the names. Superusers choose among the connections of all tenants."""
    tenant_id = person.active_membership.tenant_id if person.active_membership else None
    connections = {
        one.slug: one.label
        for one in directory.known().values()
        if person.is_superuser or (one.tenant_id == tenant_id if one.tenant_id else one.is_listed and one.is_active)
    }
    return sorted((NAMES | connections).items(), key=lambda named: named[1])


def tenant_of(provider: str) -> UUID | None:
    """Return the tenant whose connection a provider is, or None for one of the site."""
    found = directory.known().get(provider)
    return found.tenant_id if found else None
