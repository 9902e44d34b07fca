"""Which providers there are: a folder each, switched on by a client id."""

from functools import cache
from importlib import import_module

from django.conf import settings

from providers.base import ClientCredentials, Provider
from providers.refusal import RefusalReason, SignInRefused


@cache
def enabled() -> dict[str, Provider]:
    """Return the providers that have a client id, by their ids, in the order of the settings."""
    return {
        name: import_module(f"providers.{name}").provider(
            ClientCredentials(id=told["client_id"], secret=told["client_secret"]), told
        )
        for name, told in settings.SIGN_IN_PROVIDERS.items()
        if told["client_id"]
    }


def get(provider_id: str) -> Provider:
    """Raises SignInRefused for a provider that is known but off, KeyError for one that nobody knows."""
    if provider_id in enabled():
        return enabled()[provider_id]
    if provider_id in settings.SIGN_IN_PROVIDERS:
        raise SignInRefused(RefusalReason.PROVIDER_OFF, f"{provider_id.upper()}_CLIENT_ID is empty")
    raise KeyError(provider_id)
