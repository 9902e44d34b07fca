from collections.abc import Sequence
from uuid import UUID

from foundation.declarations import Revocable, RevocationReason, Revoked
from tenancy import site_context
from tests.tenancy.notes.models import Key


def end_keys(people: Sequence[UUID], reason: RevocationReason) -> Revoked:
    with site_context(f"keys of people are ended: {reason}"):
        _count, deleted = Key.objects.filter(user__in=people).delete()
    return Revoked(count=deleted.get("notes.Key", 0))


def count_keys(people: Sequence[UUID]) -> int:
    with site_context("keys of people are counted"):
        return Key.objects.filter(user__in=people).count()


DECLARATIONS = [Revocable(name="keys", label="Keys to notes", end=end_keys, alive=count_keys)]
