"""How often a provider is asked whether a session that came from it is still valid."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from providers import registry

LONGEST = timedelta(days=1)  # the maximum that config/environment.py accepts


def interval(provider: str) -> timedelta | None:
    """Return ``<PROVIDER>_REFRESH_INTERVAL`` of an enabled provider, or None if it is never asked."""
    if provider not in registry.enabled():
        return None
    seconds: int = settings.SIGN_IN_PROVIDERS[provider].get("refresh_interval", 0)
    return timedelta(seconds=seconds) if seconds else None


def next_time(providers: Iterable[str]) -> datetime | None:
    """Return when the next check of these providers is due, or None if none of them is ever asked."""
    spans = [span for provider in providers if (span := interval(provider))]
    return timezone.now() + min(spans) if spans else None
