"""The providers through which people sign in: those of the environment, and the connections (ADR 71)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import Identity
from foundation.issuers import canonical
from providers.base import ClientCredentials, Provider
from providers.connections import directory
from providers.connections.directory import KnownConnection
from providers.refusal import RefusalReason, SignInRefused


@cache
def of_environment() -> dict[str, Provider]:
    """Return the environment's providers that have a client id, by provider id, in the order of the settings.

    Each of them is a package, and a client id enables it.
    """
    return {name: _provider(name, values) for name, values in settings.SIGN_IN_PROVIDERS.items() if values["client_id"]}


def listed() -> list[Provider]:
    """Return the site's own providers, for pages that offer them to everybody: first those of the environment."""
    return [*of_environment().values(), *_found(one for one in _active() if one.is_listed and one.tenant_id is None)]


def of_tenant(tenant_id: UUID) -> list[Provider]:
    """Return the active connections of a tenant, in the order of their labels."""
    return _found(one for one in _active() if one.tenant_id == tenant_id)


def among(provider_ids: Collection[str]) -> list[Provider]:
    """Return the enabled ones of these providers, first those of the environment in its order."""
    own = [provider for name, provider in of_environment().items() if name in provider_ids]
    others = sorted(set(provider_ids) - settings.SIGN_IN_PROVIDERS.keys())
    return own + [provider for slug in others if (provider := find(slug)) is not None]


def find(provider_id: str) -> Provider | None:
    """Return an enabled provider as this process knows it, or None."""
    if provider_id in settings.SIGN_IN_PROVIDERS:
        return of_environment().get(provider_id)
    return directory.find(provider_id) if provider_id else None


def get(provider_id: str) -> Provider:
    """Return a provider to start a sign-in. Raises SignInRefused if it is not enabled, KeyError if there is none."""
    if provider_id not in settings.SIGN_IN_PROVIDERS:
        return _checked(directory.find(provider_id), provider_id)
    if provider_id not in of_environment():
        raise SignInRefused(RefusalReason.PROVIDER_OFF, f"{provider_id.upper()}_CLIENT_ID is empty")
    return of_environment()[provider_id]


def get_current(provider_id: str) -> Provider:
    """Like ``get``, to finish a sign-in: what was switched off or changed a moment ago counts."""
    if provider_id in settings.SIGN_IN_PROVIDERS:
        return get(provider_id)
    return _checked(directory.find_current(provider_id), provider_id)


def issuing_as(issuer: str) -> Iterator[Provider]:
    """Return the enabled providers of an issuer, which share its identities."""
    yield from (provider for provider in of_environment().values() if provider.issues_as == issuer)
    yield from _found(one for one in _active() if one.issuer == issuer)


def sharing_issuer_of(identity: Identity) -> set[str]:
    """Return the ids of all providers that a person with this identity may have come through, also of inactive ones."""
    own = {name for name, provider in of_environment().items() if provider.issues_as == identity.issuer}
    connections = {one.slug for one in directory.known().values() if one.issuer == identity.issuer}
    return {identity.provider} | own | connections


def name_of(provider_id: str) -> str:
    """Return the name of a connection, whether it is active or not, or "" if there is none."""
    entry = directory.known().get(provider_id)
    return entry.label if entry else ""


def is_of_environment(issuer: str) -> bool:
    """Whether an issuer is that of one of the environment's providers, which no tenant may name."""
    return canonical(issuer) in {canonical(provider.issues_as) for provider in of_environment().values()}


def _active() -> list[KnownConnection]:
    return sorted((one for one in directory.known().values() if one.is_active), key=lambda one: (one.label, one.slug))


def _found(entries: Iterable[KnownConnection]) -> list[Provider]:
    return [provider for one in entries if (provider := directory.find(one.slug)) is not None]


def _checked(provider: Provider | None, provider_id: str) -> Provider:
    """Refuse a tenant's connection to an issuer that the environment has named since."""
    if provider is None:
        raise KeyError(provider_id)
    if provider.tenant_id is not None and is_of_environment(provider.issues_as):
        raise SignInRefused(RefusalReason.PROVIDER_OFF, f"{provider.issues_as} is the site's own issuer")
    return provider


def tenant_of(provider_id: str) -> UUID | None:
    """Return the tenant whose connection a provider is, or None for the site's own, on or off. Raises KeyError."""
    if provider_id in settings.SIGN_IN_PROVIDERS:
        found = of_environment().get(provider_id)
        return found.tenant_id if found else None
    return directory.known()[provider_id].tenant_id


def _provider(name: str, values: Mapping[str, Any]) -> Provider:
    seconds: int = values["refresh_interval"]
    package = import_module(f"providers.{name}")
    provider: Provider = package.provider(
        values,
        id=name,
        name=package.NAME,
        client=ClientCredentials(id=values["client_id"], secret=values["client_secret"]),
        refresh_interval=timedelta(seconds=seconds) if seconds else None,
    )
    return provider
