"""Claim rules as an administrator would create them, and the memberships that they give."""

from typing import Any

from accounts.models import ClaimRule, Membership, Role, Tenant
from tenancy import site_context


def tenant(name: str = "Abbey") -> Tenant:
    with site_context("a test"):
        found: Tenant = Tenant.objects.filter(name=name).first() or Tenant.objects.create(name=name)
        return found


def rule(
    provider: str, claim: str, value: str, *, within: str = "Abbey", role: str = "member", **more: Any
) -> ClaimRule:
    """Create a rule that gives a global role in a tenant. The tenant is created if it does not exist."""
    made = ClaimRule(
        provider=provider, claim=claim, value=value, tenant=tenant(within), role=Role.objects.get(name=role), **more
    )
    with site_context("a test"):
        made.full_clean()
        made.save()
    return made


def change(made: ClaimRule, **values: Any) -> None:
    with site_context("a test"):
        for name, value in values.items():
            setattr(made, name, value)
        made.save()


def roles() -> dict[str, str]:
    """Return the roles of the only person, by the name of the tenant."""
    with site_context("a test"):
        return {m.tenant.name: m.role.name for m in Membership.objects.select_related("tenant", "role")}


def given_by() -> dict[str, int | None]:
    """Return which rule gave each membership of the only person, by tenant name; None if an administrator did."""
    with site_context("a test"):
        return {m.tenant.name: m.rule_id for m in Membership.objects.select_related("tenant")}
