"""Removing all second factors of somebody who has lost them: an administrator's act, with a reason (ADR 12)."""

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
    """There is no second factor: there was none, or somebody else was quicker."""


class OutOfReach(ResetRefused):
    """Whoever asks may not do this to the account as it is now."""


def reset(person: UUID, *, reason: str, may: Callable[[User], bool] = lambda _: True) -> list[str]:
    """Remove all factors of a person, recovery codes included, and return their kinds.

    Everything that is signed in or about to be ends, so that nobody stays who had the lost factor. Whoever must have a
    factor adds one at the next sign-in. ``may`` judges the account while it is held. Raises ResetRefused.
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
