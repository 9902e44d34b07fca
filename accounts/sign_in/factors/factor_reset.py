"""Remove all second factors of a person who has lost them: an act of an administrator, with a reason (ADR 12)."""

from collections.abc import Callable
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.sessions import SessionRevocationReason, revoke_all_sessions
from audit.context import acting
from audit.events import Event, record


class ResetRefused(Exception):
    """Nothing was changed."""


class PersonGone(ResetRefused):
    """The account was erased meanwhile."""


class NothingToReset(ResetRefused):
    """The person has no second factor: there was none, or another administrator was faster."""


class OutOfReach(ResetRefused):
    """The administrator may not do this to the account as it is now."""


def reset(person: UUID, *, reason: str, may: Callable[[User], bool] = lambda _: True) -> list[str]:
    """Remove all factors of a person, recovery codes included, and return their kinds.

    All sessions and waiting sign-ins are revoked, so that nobody who has the lost factor stays signed in. A person who
    must have a factor adds one at the next sign-in. ``may`` is called with the locked account. Raises ResetRefused.
    """
    with acting(reason=reason), transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(pk=person).first()
        if user is None:
            raise PersonGone
        if not may(user):
            raise OutOfReach
        rows = Authenticator.objects.filter(user_id=user.pk).order_by("pk")
        kinds = list(rows.values_list("type", flat=True))
        if not kinds:
            raise NothingToReset
        rows.delete()
        record(Event.FACTOR_RESET, person=user, object=user, kinds=kinds)
        revoke_all_sessions([user.pk], reason=SessionRevocationReason.FACTOR_REMOVED)
        notices.notify(user, Notice.FACTORS_RESET)
    return kinds
