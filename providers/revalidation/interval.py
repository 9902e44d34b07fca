"""How often a provider is asked whether it still stands by a session that came from it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from providers import registry

LONGEST = timedelta(days=1)  # as config/environment.py takes it


def interval(provider: str) -> timedelta | None:
    """Return it of a provider that is on (``<PROVIDER>_REFRESH_INTERVAL``), or None where it is never asked."""
    if provider not in registry.enabled():
        return None
    seconds: int = settings.SIGN_IN_PROVIDERS[provider].get("refresh_interval", 0)
    return timedelta(seconds=seconds) if seconds else None


def next_time(providers: Iterable[str]) -> datetime | None:
    """Return when the first of these providers is to be asked next; None where none of them ever is."""
    spans = [span for provider in providers if (span := interval(provider))]
    return timezone.now() + min(spans) if spans else None
