from collections.abc import Sequence
from uuid import UUID

from foundation.declarations import Revocable, RevocationReason, RevocationResult
from tenancy import site_context
from tests.tenancy.notes.models import Key


def end_keys(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    with site_context(f"keys of people are ended: {reason}"):
        _count, deleted = Key.objects.filter(user__in=people).delete()
    return RevocationResult(count=deleted.get("notes.Key", 0))


def count_keys(people: Sequence[UUID]) -> int:
    with site_context("keys of people are counted"):
        return Key.objects.filter(user__in=people).count()


DECLARATIONS = [Revocable(name="keys", label="Keys to notes", revoke=end_keys, alive=count_keys)]
