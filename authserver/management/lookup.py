"""Look up the services, clients and protected hosts that are named on the command line, or fail with one line."""

from uuid import UUID

from django.core.management.base import CommandError

from accounts.models import Tenant
from authserver.models import Client, ProtectedHost, ServiceAccount
from tenancy import site_context


def find_service(named: str, tenant: Tenant | None) -> ServiceAccount:
    """Return the service with this id or name, in one tenant if it is given. Raises CommandError."""
    with site_context("a command looks up a service"):
        every = ServiceAccount.objects.select_related("tenant")
        every = every.filter(tenant=tenant) if tenant else every
        try:
            found: list[ServiceAccount] = list(every.filter(pk=UUID(named)))
        except ValueError:
            found = list(every.filter(name=named)[:2])
    if not found:
        raise CommandError(f"There is no service with the id or name {named!r}.")
    if len(found) > 1:
        raise CommandError(f"Several tenants have a service {named!r}: say which with --tenant, or give its id.")
    return found[0]


def find_client(client_id: str) -> Client:
    """Return the client with this client ID. Raises CommandError."""
    with site_context("a command looks up a client"):
        found: Client | None = Client.objects.filter(client_id=client_id).first()
    if found is None:
        raise CommandError(f"There is no client with the client ID {client_id!r}.")
    return found


def find_host(origin: str) -> ProtectedHost:
    """Return the protected host with this origin. Raises CommandError."""
    found: ProtectedHost | None = ProtectedHost.objects.filter(origin=origin).first()
    if found is None:
        raise CommandError(f"There is no protected host with the origin {origin!r}.")
    return found
