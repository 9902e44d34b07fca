"""Two tenants that know nothing of each other, with a person in each and one in both."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import Membership, Role, Tenant, User
from tenancy import site_context


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


@pytest.fixture(scope="module")
def notes(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Install the customer's app of docs/tenancy.md, with its tables made by its migration, for as long as a module."""
    apps = [*settings.INSTALLED_APPS[:-1], "tests.tenancy.notes", settings.INSTALLED_APPS[-1]]
    with django_db_blocker.unblock(), override_settings(INSTALLED_APPS=apps):
        call_command("migrate", "notes", verbosity=0)
        connection.close()
        yield
        call_command("migrate", "notes", "zero", verbosity=0)
        connection.close()
