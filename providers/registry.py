"""The enabled providers. Each provider is a package, and a client id enables it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings

from providers.base import ClientCredentials, Provider
from providers.refusal import RefusalReason, SignInRefused


@cache
def enabled() -> dict[str, Provider]:
    """Return the providers that have a client id, by provider id, in the order of the settings."""
    return {name: _provider(name, values) for name, values in settings.SIGN_IN_PROVIDERS.items() if values["client_id"]}


def find(provider_id: str) -> Provider | None:
    """Return an enabled provider, or None."""
    return enabled().get(provider_id)


def get(provider_id: str) -> Provider:
    """Return a provider. Raises SignInRefused if it is not enabled, KeyError if it does not exist."""
    if provider_id in enabled():
        return enabled()[provider_id]
    if provider_id in settings.SIGN_IN_PROVIDERS:
        raise SignInRefused(RefusalReason.PROVIDER_OFF, f"{provider_id.upper()}_CLIENT_ID is empty")
    raise KeyError(provider_id)


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
