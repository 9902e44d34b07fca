"""Ending sessions: a row that is gone is signed out everywhere, because every request reads the row."""

from collections.abc import Iterable
from enum import StrEnum

from django.db import transaction

from accounts import leaving
from accounts.models import Session, User
from audit.events import Event, record


class Because(StrEnum):
    """Why a session was ended before its time."""

    OWNER = "owner"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    ADDRESS_CHANGED = "address_changed"
    ADDRESS_CHANGE_DISOWNED = "address_change_disowned"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a reason
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a reason
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    PROVIDER = "provider"
    ROLE_CHANGED = "role_changed"
    DEACTIVATED = "deactivated"
    ADMINISTRATOR = "administrator"
    CUT_OFF = "cut_off"
    ERASED = "erased"


SIGN_OUTS = frozenset({Because.OWNER, Because.PROVIDER, Because.ADMINISTRATOR})  # the person is to be signed out


def end(keys: list[str]) -> int:
    """End sessions and return how many there were. Before their time: ``end_early``, which says so in the trail."""
    count, _ = Session.objects.filter(session_key__in=keys).delete()
    return count


def end_others(user: User, *, keep: str | None, because: Because) -> int:
    """End all sessions of a person but one, and return how many there were."""
    return end_early(user.sessions.exclude(session_key=keep), because=because)


def end_early(sessions: Iterable[Session], *, because: Because) -> int:
    """End sessions before their time, say so in the trail, and return how many there were.

    Both in one transaction: none that the trail calls ended lives on, and none ends without a word.
    """
    with transaction.atomic():
        rows = list(sessions)
        people = {row.user_id for row in rows if row.user_id} if because in SIGN_OUTS else set()
        leaving.hold(people)
        for row in rows:
            record(Event.SESSION_ENDED, person=row.user_id, session=row.public_id, because=because.value)
        count = end([row.session_key for row in rows])
        leaving.sign_out(people)
        return count
