"""Whether an account was locked by its owner. Only for a visitor who has proven to be that owner."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts.models import CutOff


def locked_by_owner_at(person: UUID) -> datetime | None:
    """Return when the owner locked the account, if that is why it is deactivated now.

    Activating or deactivating it since then has moved its ``not_before``, so the lock is no longer the reason.
    """
    locks = CutOff.objects.filter(user=person, by=CutOff.By.OWNER, deactivated=True, user__is_active=False)
    lock = locks.filter(not_before=F("user__not_before")).first()
    return lock.created_at if lock else None
