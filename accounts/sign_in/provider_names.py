"""What the accounts know of the providers; each enabled provider puts it here when the process starts."""

from enum import Enum, auto

NAMES: dict[str, str] = {}  # what people call them
SAYS_WHEN: dict[str, "SaysWhen"] = {}


class SaysWhen(Enum):
    """Whether a provider says when a person has proven themselves there (``auth_time``, OpenID Connect Core 2)."""

    NEVER = auto()
    WHERE_SET_UP = auto()
    ALWAYS = auto()


def name_of(provider: str) -> str:
    """Return a provider's name, or its id for one that has been switched off."""
    return NAMES.get(provider, provider)
