"""Two tenants that know nothing of each other, with a person in each and one in both."""

from dataclasses import dataclass

import pytest

from accounts.models import Membership, Role, Tenant, User
from accounts.tenancy import site_context


@dataclass(frozen=True, kw_only=True)
class Side:
    """A tenant with a role of its own, its owner and a member."""

    tenant: Tenant
    role: Role
    owner: User
    member: User


@dataclass(frozen=True, kw_only=True)
class Town:
    """Tenants A and B, and somebody who is a member of both."""

    a: Side
    b: Side
    both: User


@pytest.fixture
def town(db: None) -> Town:
    with site_context("a test builds two tenants"):
        both = User.objects.create_user(name="Both", email="both@example.com")
        a, b = (_side(name, both) for name in ("Abbey", "Barn"))
        return Town(a=a, b=b, both=both)


def _side(name: str, both: User) -> Side:
    tenant = Tenant.objects.create(name=name)
    role = Role.objects.create(name=f"{name} clerk", tenant=tenant)
    owner, member = (User.objects.create_user(name=f"{name} {part}") for part in ("Owner", "Member"))
    for user, known_as in ((owner, "owner"), (member, "member"), (both, "member")):
        Membership.objects.create(user=user, tenant=tenant, role=Role.objects.get(name=known_as))
    return Side(tenant=tenant, role=role, owner=owner, member=member)
