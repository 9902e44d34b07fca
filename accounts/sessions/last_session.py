"""Announce that sessions end by a sign-out, so that other apps revoke what they store for them.

They do so in the same transaction. Every other way of ending sessions is ``accounts.cut_off`` (ADR 21 and 24).
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.dispatch import Signal

from accounts.models import User
from accounts.models.session import row_key
from foundation.rows import fetch_all

last_session_ended = Signal()  # sends ``people`` and ``but`` of ``notify_signed_out``, in the transaction of the act

LOCK = "SELECT id FROM accounts_user WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"


def lock_people(people: Collection[UUID]) -> None:
    """Lock the rows of people whose sessions are about to end, until the end of the transaction.

    Two concurrent sign-outs from a person's last two sessions must not each see the other session as still there.
    """
    if people:
        fetch_all(LOCK, [list(people)])


def notify_signed_out(people: Collection[UUID], *, but: Iterable[str] = ()) -> None:
    """Announce that sessions of these people end by a sign-out. ``but`` names those that are yet to be deleted."""
    if people:
        last_session_ended.send(sender=User, people=list(people), but=list(map(row_key, but)))
