"""Why an account lets nobody in: for whoever has proven that it is theirs."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts.models import CutOff


def locked_by_owner_at(person: UUID) -> datetime | None:
    """Return when the owner locked an account that is closed, if that is why it is closed now.

    Whoever opened or closed it since has moved its ``not_before``: then it is closed for another reason, or not.
    """
    locks = CutOff.objects.filter(user=person, by=CutOff.By.OWNER, closed=True, user__is_active=False)
    lock = locks.filter(not_before=F("user__not_before")).first()
    return lock.created_at if lock else None
