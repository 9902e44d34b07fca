"""The health of the providers, from what this process remembers. No page waits for a provider."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from providers import registry
from providers.base import Provider


class Reach(StrEnum):
    ANSWERS = "answers"
    SILENT = "silent"
    UNASKED = "unasked"


@dataclass(frozen=True, kw_only=True)
class ProviderHealth:
    """Whether the last request to a provider was answered, and when that was."""

    id: str
    name: str
    reach: Reach
    asked_at: datetime | None


def of_all() -> list[ProviderHealth]:
    """Return the health of the site's providers. One whose last call failed is SILENT."""
    return [_of(provider) for provider in registry.listed()]


def _of(provider: Provider) -> ProviderHealth:
    answered_at, failed_at = provider.answered_at, provider.upstream.failed_at
    is_silent = provider.is_down or (failed_at or 0) > (answered_at or 0)
    reach = Reach.SILENT if is_silent else Reach.ANSWERS if answered_at else Reach.UNASKED
    at = failed_at if is_silent else answered_at
    return ProviderHealth(
        id=provider.id, name=provider.name, reach=reach, asked_at=datetime.fromtimestamp(at, UTC) if at else None
    )
