"""Announce that sessions end by a sign-out, so that other apps revoke what they store for them.

They do so in the same transaction. Every other way of ending sessions is ``accounts.cut_off`` (ADR 21 and 24).
"""

from collections.abc import Collection, Iterable
from typing import cast
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest

from accounts.models import User
from accounts.models.session import row_key
from foundation.rows import fetch_all

last_session_ended = Signal()  # sends ``people`` and ``but`` of ``notify_signed_out``, in the transaction of the act

LOCK = "SELECT id FROM accounts_user WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"


class SigningInRequest(HttpRequest):
    """A request that is about to sign a person in: a type for ``cast``, not the class of any request.

    Django's ``user_logged_out`` signal passes on the request, but not what caused the sign-out.
    """

    signs_in: UUID


def begin_sign_in(request: HttpRequest, person: User) -> None:
    """Note who is about to sign in: the browser's current user is signed out first, and may be the same person."""
    cast("SigningInRequest", request).signs_in = person.pk


def is_signing_in(request: HttpRequest, person: User) -> bool:
    return getattr(request, "signs_in", None) == person.pk


def lock_people(people: Collection[UUID]) -> None:
    """Lock the rows of people whose sessions are about to end, until the end of the transaction.

    Two concurrent sign-outs from a person's last two sessions must not each see the other session as still there.
    """
    if people:
        fetch_all(LOCK, [list(people)])


def sign_out_of(session_key: str | None, person: User) -> None:
    """Announce that a person signs out of the session with this key, which is yet to be deleted."""
    with transaction.atomic():
        lock_people([person.pk])
        notify_signed_out([person.pk], but=[session_key] if session_key else [])


def notify_signed_out(people: Collection[UUID], *, but: Iterable[str] = ()) -> None:
    """Announce that sessions of these people end by a sign-out. ``but`` names those that are yet to be deleted."""
    if people:
        last_session_ended.send(sender=User, people=list(people), but=list(map(row_key, but)))
