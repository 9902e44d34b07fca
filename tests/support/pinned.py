"""Providers as if a tenant had set them up, and sessions that they have opened, which are pinned to it."""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client

from accounts.models import Role, Tenant, User
from accounts.sessions import SessionStore, opening
from providers import registry
from providers.sign_up import SignUp, SignUpPolicy


def give_to(tenant: Tenant, provider: str, *, role: Role | None = None) -> None:
    """Make a provider the tenant's connection, until the fixture ``providers`` makes it new.

    New people become members in a role, or are refused without one.
    """
    given = registry.of_environment()[provider]
    given.tenant_id = tenant.pk
    policy = SignUpPolicy.OPEN if role else SignUpPolicy.CLOSED
    given.sign_up = SignUp(policy=policy, role_id=role.pk if role else None)


def pinned(user: User, tenant: Tenant, client: Client | None = None) -> Client:
    """Return a browser with a session that the tenant's connection has opened for a person."""
    client = client or Client(raise_request_exception=False)
    request = HttpRequest()
    request.session, request.user = client.session, AnonymousUser()
    assert isinstance(request.session, SessionStore)
    opening.open_session(request, User.objects.get(pk=user.pk))
    request.session.describe({"pinned_tenant": tenant.pk})
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)
    return client
