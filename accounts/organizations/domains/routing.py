"""Where the people of an owned domain sign in (ADR 75)."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Domain
from accounts.models.domain import OWNED
from accounts.organizations.domains.refusing import DomainRefusalReason, DomainRefused
from foundation.canonical_email import canonical
from tenancy import site_context, tenant_context


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The tenant that owns the domain of an address, and the id of the provider that it names for the domain."""

    tenant_id: UUID
    provider: str


def route_of(email: str) -> Route | None:
    """Return where an address leads, with one query for every address; None if its domain routes nobody.

    Only an owned domain routes, and only itself, not what is below it. The caller decides whether the provider may be
    used for this tenant. Raises NotAnEmail.
    """
    name = canonical(email).rpartition("@")[2]
    with site_context("where the people of a domain sign in"):
        found = Domain.objects.filter(OWNED, name=name).exclude(routes_to="").values_list("tenant_id", "routes_to")
        row = found.first()
    return Route(tenant_id=row[0], provider=row[1]) if row else None


def set_route(domain: Domain, provider_id: str) -> None:
    """Have the domain's people led to a provider, or to none if it is empty.

    The caller has checked that the provider is the tenant's or the site's. If the domain lapses, the choice waits until
    it is owned again. Raises DomainRefused.
    """
    with tenant_context(domain.tenant_id):
        changing = Domain.objects.filter(pk=domain.pk)
        if provider_id:
            changing = changing.filter(OWNED)
        if not changing.update(routes_to=provider_id):
            is_there = Domain.objects.filter(pk=domain.pk).exists()
            raise DomainRefused(DomainRefusalReason.NOT_OWNED if is_there else DomainRefusalReason.GONE, domain)
