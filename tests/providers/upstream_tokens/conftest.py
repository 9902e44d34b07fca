"""What the tests of upstream tokens share: an issuer, and a person whom it knows."""

from typing import Any

import pytest

from accounts.models import Identity, Membership, Role, Tenant, User
from providers.models import UpstreamIssuer
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.support.memory import forget_providers
from tests.support.services import clerk
from tests.support.upstream_tokens import configured


@pytest.fixture
def issuer(db: None, providers: Sandbox) -> UpstreamIssuer:
    """Keycloak's issuer, through which people can also sign in."""
    return configured(providers)


@pytest.fixture
def unshared(db: None, providers: Sandbox, settings: Any) -> UpstreamIssuer:
    """An issuer through which nobody signs in: Google's, on a site without Google."""
    off = settings.SIGN_IN_PROVIDERS["google"] | {"client_id": ""}
    settings.SIGN_IN_PROVIDERS = settings.SIGN_IN_PROVIDERS | {"google": off}
    forget_providers()
    return configured(providers, Provider.GOOGLE)


@pytest.fixture
def ada(db: None, providers: Sandbox) -> User:
    """A person with the tokens' subject at Keycloak, whose role has a scope."""
    with site_context("a test makes a tenant"):
        user = clerk(Tenant.objects.create(name="Library"), "books:read", "books:write", name="Ada")
    issuer = providers.world.issuer(Provider.KEYCLOAK)
    Identity.objects.create(user=user, provider="keycloak", issuer=issuer, subject="sub-of-ada")
    return user


def member(user: User, name: str, *scopes: str, is_primary: bool = False) -> Tenant:
    """Make a person a member of another tenant."""
    with site_context("a test makes a member"):
        tenant = Tenant.objects.create(name=name)
        role = Role.objects.create(name=f"{name} role", tenant=tenant, scopes=list(scopes))
        Membership.objects.create(user=user, tenant=tenant, role=role, is_primary=is_primary)
    return tenant
