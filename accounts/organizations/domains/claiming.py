"""Claim a domain, and release it."""

from uuid import UUID

from accounts.models import Domain, Tenant
from accounts.models.domain import OWNED
from accounts.organizations.domains.names import domain_name
from accounts.organizations.domains.refusing import DomainRefusalReason, DomainRefused
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.events import Event, record
from tenancy import site_context, tenant_context

MOST_DOMAINS = 100  # of one tenant
MOST_UNPROVEN = 20  # of these, as each one is looked up every few minutes
CLAIMS = Limit(kind="domain_claims", most=40, seconds=86_400)  # of one tenant


def claim(tenant_id: UUID, typed: str) -> Domain:
    """Claim a domain for a tenant. This gives nothing yet. Raises DomainRefused."""
    with tenant_context(tenant_id):
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)  # concurrent claims wait for each other
        name = claimable(tenant_id, typed)
        if not rate_limits.count(CLAIMS.kind, str(tenant_id), limit=CLAIMS.most, seconds=CLAIMS.seconds):
            raise DomainRefused(DomainRefusalReason.TOO_OFTEN)
        domain = Domain.objects.create(tenant_id=tenant_id, name=name)
        record(Event.DOMAIN_CLAIMED, object=domain, domain=name)
    return domain


def claimable(tenant_id: UUID, typed: str) -> str:
    """Return the canonical name of a domain that the tenant may claim. Raises DomainRefused."""
    name = domain_name(typed)
    check_not_owned_elsewhere(name, tenant_id)
    with tenant_context(tenant_id):
        domains = Domain.objects.filter(tenant=tenant_id)
        if domains.filter(name=name).exists():
            raise DomainRefused(DomainRefusalReason.CLAIMED_ALREADY)
        if domains.count() >= MOST_DOMAINS or domains.exclude(OWNED).count() >= MOST_UNPROVEN:
            raise DomainRefused(DomainRefusalReason.TOO_MANY)
    return name


def release(domain: Domain) -> None:
    """Give up a domain, at once: it no longer routes, and another tenant can claim it. Raises DomainRefused."""
    with tenant_context(domain.tenant_id):
        found = Domain.objects.select_for_update().filter(pk=domain.pk).first()
        if found is None:
            raise DomainRefused(DomainRefusalReason.GONE)
        record(Event.DOMAIN_RELEASED, object=found, domain=found.name, was_owned=found.owned_since is not None)
        found.delete()


def check_not_owned_elsewhere(name: str, tenant_id: UUID, domain: Domain | None = None) -> None:
    """Refuse a domain that another tenant owns. Raises DomainRefused."""
    with site_context("whether another tenant owns a domain, a yes or no"):
        if Domain.objects.filter(OWNED, name=name).exclude(tenant=tenant_id).exists():
            raise DomainRefused(DomainRefusalReason.OWNED_ELSEWHERE, domain)
