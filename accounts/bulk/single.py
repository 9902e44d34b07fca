"""A kind of bulk action on one person, at once: with the same rules, and without a preview."""

from uuid import UUID

from django.db import transaction

from accounts.bulk.base import BulkActionKind, BulkOrder, SkipReason
from accounts.models import User


def act_on(kind: BulkActionKind, person_id: UUID, *, actor: User) -> SkipReason | None:
    """Change one person, and return None, or the reason why nothing was changed. Raises NotAllowed.

    The actor has the permission of this kind. It must need neither tenant nor role.
    """
    order = BulkOrder(actor=actor)
    with transaction.atomic():
        kind.guard(order)
        decision = kind.decide(order, [person_id], lock=True)
        if decision.changes:
            kind.write(order, decision.changes)
    return decision.skipped.get(person_id)
