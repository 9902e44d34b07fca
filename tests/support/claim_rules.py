"""Rules as an administrator would write them, and what people are by them."""

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
    """Make a rule that gives a global role in a tenant, which is made too if need be."""
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
    """What the only person is, by the name of the tenant."""
    with site_context("a test"):
        return {m.tenant.name: m.role.name for m in Membership.objects.select_related("tenant", "role")}


def given_by() -> dict[str, int | None]:
    """Which rule gave each membership of the only person, by the name of the tenant; none where a person did."""
    with site_context("a test"):
        return {m.tenant.name: m.rule_id for m in Membership.objects.select_related("tenant")}
