"""The tables that are purged, as the ``purgeable.py`` of the installed apps declare them."""

from foundation import discovery
from foundation.declarations import Purgeable


def purgeables() -> list[Purgeable]:
    """Return the declarations of all tables that are purged, sorted by table. Raises ImproperlyConfigured."""
    return sorted(discovery.declared("purgeable", Purgeable).values(), key=lambda one: one.table)
