"""Which domains a tenant owns, and with which it is affiliated. Call these in a context that sees the tenant."""

from uuid import UUID

from accounts.models import Domain, DomainState
from accounts.models.domain import OWNED


def owns(tenant_id: UUID, domain: str) -> bool:
    """Whether the tenant owns a domain, given in its canonical form. A domain owns nothing below it."""
    return Domain.objects.filter(OWNED, tenant=tenant_id, name=domain).exists()


def owned_domains(tenant_id: UUID) -> frozenset[str]:
    """Return the canonical names of the domains that the tenant owns."""
    return frozenset(Domain.objects.filter(OWNED, tenant=tenant_id).values_list("name", flat=True))


def affiliated_domains(tenant_id: UUID) -> frozenset[str]:
    """Return the domains that a sign-up policy may admit: those that the tenant owns or is affiliated with."""
    shown = OWNED | DomainState.AFFILIATED.rows
    return frozenset(Domain.objects.filter(shown, tenant=tenant_id).values_list("name", flat=True))
