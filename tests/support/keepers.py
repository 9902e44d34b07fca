"""Administrators of a tenant with chosen rights, in browsers in which they have just signed in."""

from collections.abc import Sequence

from django.test import Client as Browser

from accounts.models import Membership, Role, User
from accounts.organizations.roles import permissions
from tenancy import site_context
from tests.support.proven import proven
from tests.support.services import clerk
from tests.tenancy.conftest import Side


def keeper_of(side: Side, rights: Sequence[str], *scopes: str) -> User:
    """Return an administrator of a tenant whose role has these rights and scopes."""
    person = clerk(side.tenant, *scopes, name=f"Keeper-{side.tenant}")
    with site_context("a test gives a role rights"):
        Role.objects.get(memberships__user=person).permissions.set(permissions(tuple(rights)))
    return person


def join(person: User, side: Side, role: str = "member") -> None:
    """Make a person a member of a tenant."""
    with site_context("a test makes somebody a member"):
        Membership.objects.create(user=person, tenant=side.tenant, role=Role.objects.get(name=role))


def fresh(person: User) -> Browser:
    """Return a browser in which the person has just signed in."""
    return proven(person, Browser(raise_request_exception=False))
