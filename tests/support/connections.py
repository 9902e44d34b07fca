"""Connections as administrators set them up, to the sandbox of the tests or to another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from accounts.models import Role, Tenant
from providers.connections import building
from providers.models import Connection, ConnectionKind
from sandbox.config import Config
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context


def connection_to(
    providers: Sandbox, provider: str = "keycloak", *, slug: str = "acme", tenant: Tenant | None = None, **values: Any
) -> Connection:
    """Store an active connection to a provider of the sandbox, by default one of plain OpenID Connect."""
    there = Provider(provider)
    client = providers.world.client(there)
    with site_context("a test sets up a connection"):
        role = Role.objects.get(name="member") if tenant else None
        connection = Connection(
            slug=slug,
            tenant=tenant,
            **{
                "kind": ConnectionKind.OIDC,
                "label": "Acme",
                "issuer": providers.world.issuer(there),
                "client_id": client.client_id,
                "sign_up_role": role,
                "is_active": True,
                "tested_at": timezone.now(),
                **values,
            },
        )
        connection.client_secret = building.encrypted(client.secret, connection)
        connection.save()
    return connection


@contextmanager
def another_sandbox(public_url: str) -> Iterator[Sandbox]:
    """Run a sandbox of its own, such as the identity provider of a tenant: other issuers, other people."""
    with Sandbox(Config(port=0, public_url=public_url)) as sandbox:
        yield sandbox
