"""What the accounts know of the providers. Those of the environment enter it here when the process starts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

NAMES: dict[str, str] = {}  # of the environment's providers by id, for people to read
SAYS_WHEN: dict[str, "SaysWhen"] = {}


class SaysWhen(Enum):
    """Whether a provider says when it authenticated the person (``auth_time``, OpenID Connect Core, section 2)."""

    NEVER = auto()
    WHERE_SET_UP = auto()
    ALWAYS = auto()


@dataclass(frozen=True, kw_only=True)
class ProviderFacts:
    name: str
    says_when: SaysWhen


def _knows_none(provider: str) -> ProviderFacts | None:
    return None


_of_connection: list[Callable[[str], ProviderFacts | None]] = [_knows_none]


def set_connections(find: Callable[[str], ProviderFacts | None]) -> None:
    """Tell this module how to find the providers that are connections. ``providers`` calls it, on a floor above."""
    _of_connection[:] = [find]


class ProviderOwners:
    """Whose each provider is: the site's own, or a tenant's connection. ``find`` is set when the process starts.

    It returns None for the site's own, and raises KeyError for a provider that does not exist (any more).
    """

    find: Callable[[str], UUID | None]


OWNERS = ProviderOwners()


def is_of(provider: str, tenant_id: UUID | None) -> bool:
    """Whether a provider is a tenant's connection, or with None the site's own. An unknown one is nobody's."""
    try:
        return OWNERS.find(provider) == tenant_id
    except KeyError:
        return False


def name_of(provider: str) -> str:
    """Return a provider's name, or its id if the provider is no longer enabled."""
    if provider in NAMES:
        return NAMES[provider]
    found = _of_connection[0](provider) if provider else None
    return found.name if found else provider


def expected_of(provider: str) -> SaysWhen:
    """Return whether a provider says when it authenticated the person; one that is not enabled says nothing."""
    if provider in SAYS_WHEN:
        return SAYS_WHEN[provider]
    found = _of_connection[0](provider) if provider else None
    return found.says_when if found else SaysWhen.NEVER
