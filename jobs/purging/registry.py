"""What expires, by the ``purgeable.py`` of the installed apps."""

from foundation import discovery
from foundation.declarations import Purgeable


def purgeables() -> list[Purgeable]:
    """Return every table that is purged, always in one order. Raises ImproperlyConfigured."""
    return sorted(discovery.declared("purgeable", Purgeable).values(), key=lambda one: one.table)
