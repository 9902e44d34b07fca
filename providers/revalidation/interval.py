"""How often a provider is asked whether a session that came from it is still valid."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from providers.base import Provider

LONGEST = timedelta(days=1)  # the maximum that config/environment.py accepts


def next_time(providers: Iterable[Provider]) -> datetime | None:
    """Return when the next check of these providers is due, or None if none of them is ever asked."""
    spans = [provider.refresh_interval for provider in providers if provider.refresh_interval]
    return timezone.now() + min(spans) if spans else None
