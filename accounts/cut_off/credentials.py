"""The classes of credentials, as the ``revocable.py`` of each installed app declares them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from foundation import discovery
from foundation.declarations import Revocable, RevocationReason, RevocationResult


def revocables() -> Mapping[str, Revocable]:
    """Return the classes by name, in the order of INSTALLED_APPS. Raises ImproperlyConfigured."""
    return discovery.declared("revocable", Revocable)


def revoke_all(people: Sequence[UUID], *, reason: RevocationReason) -> dict[str, RevocationResult]:
    """Revoke all credentials of these people, in the caller's transaction, and return the result for each class."""
    return {name: one.revoke(people, reason) for name, one in revocables().items()}
