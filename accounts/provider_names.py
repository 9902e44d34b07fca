"""What people call the providers; each enabled provider puts its name here when the process starts."""

NAMES: dict[str, str] = {}


def name_of(provider: str) -> str:
    """Return a provider's name, or its id for one that has been switched off."""
    return NAMES.get(provider, provider)
