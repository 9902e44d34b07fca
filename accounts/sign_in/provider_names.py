"""What the accounts know of the providers. Each enabled provider enters it here when the process starts."""

from enum import Enum, auto

NAMES: dict[str, str] = {}  # by provider id, for people to read
SAYS_WHEN: dict[str, "SaysWhen"] = {}


class SaysWhen(Enum):
    """Whether a provider says when it authenticated the person (``auth_time``, OpenID Connect Core, section 2)."""

    NEVER = auto()
    WHERE_SET_UP = auto()
    ALWAYS = auto()


def name_of(provider: str) -> str:
    """Return a provider's name, or its id if the provider is no longer enabled."""
    return NAMES.get(provider, provider)
