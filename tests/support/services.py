"""Services and keys in tests: a tenant whose clerk may do something, and what they own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Membership, Role, Tenant, User
from authserver.models import ServiceAccount
from authserver.services import accounts, issuing, keys
from authserver.services.issuing import NewKey
from authserver.services.keys import ApiKeyRefused
from tenancy import person_context, site_context, tenant_context

READ, WRITE = "books:read", "books:write"


def clerk(tenant: Tenant, *scopes: str, name: str = "Clerk") -> User:
    """Create a member of a tenant whose role, of the tenant's own, has these scopes."""
    with site_context("a test makes a clerk"):
        role = Role.objects.create(name=f"{name} of {tenant}", tenant=tenant, scopes=list(scopes))
        user = User.objects.create_user(name=name, email=f"{name.lower()}@example.com", email_verified=True)
        Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


def service(tenant: Tenant, owner: User, *scopes: str, **fields: Any) -> ServiceAccount:
    """Create a service account."""
    values = {"name": "Night job", "purpose": "Counts the books.", "expires_at": timezone.now() + timedelta(days=9)}
    found = ServiceAccount(tenant=tenant, owner=owner, scopes=list(scopes), **{**values, **fields})
    with tenant_context(tenant.pk):
        accounts.save(found)
    return found


def key_of_service(of: ServiceAccount, *scopes: str, **fields: Any) -> NewKey:
    with tenant_context(of.tenant_id):
        return issuing.create_for_service(of, name="ci", scopes=scopes or of.scopes, **fields)


def key_of_person(person: User, *scopes: str, tenant_id: UUID | None = None, **fields: Any) -> NewKey:
    with person_context(person.pk):
        return issuing.create_for_person(person, name="laptop", scopes=scopes, tenant_id=tenant_id, **fields)


def refusal_of(text: str) -> str | None:
    """Return why a key is refused, or None if it works."""
    try:
        keys.check(text)
    except ApiKeyRefused as refused:
        return refused.reason
    return None
