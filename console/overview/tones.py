"""The stylesheet's tone for each provider, the same in every chart."""

from django.conf import settings
from django.utils.translation import gettext

from accounts.sign_in.provider_names import name_of

TONES = 6  # in tokens.css; a seventh provider gets the first again
QUIET = "tone-quiet"  # for what belongs to no provider
ONLY = "tone-1"  # for charts with a single tone
REFUSED = "tone-2"


def tone_of(provider: str) -> str:
    known = list(settings.SIGN_IN_PROVIDERS)
    return f"tone-{known.index(provider) % TONES + 1}" if provider in known else QUIET


def in_order(providers: set[str]) -> list[str]:
    """Sort providers as the settings do, followed by former providers and the local password."""
    known = [provider for provider in settings.SIGN_IN_PROVIDERS if provider in providers]
    return [*known, *sorted(providers.difference(known), reverse=True)]


def called(provider: str) -> str:
    return name_of(provider) if provider else gettext("Local password")
