"""The classes of what opens something for a person, by the ``revocable.py`` of the installed apps."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from foundation import discovery
from foundation.declarations import Revocable, RevocationReason, RevocationResult


def revocables() -> Mapping[str, Revocable]:
    """Return every class by its name, in the order of INSTALLED_APPS. Raises ImproperlyConfigured."""
    return discovery.declared("revocable", Revocable)


def revoke_all(people: Sequence[UUID], *, reason: RevocationReason) -> dict[str, RevocationResult]:
    """End everything that these people have, in the caller's transaction, and return what there was of each class."""
    return {name: one.revoke(people, reason) for name, one in revocables().items()}
