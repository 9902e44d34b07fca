"""People who leave by themselves: they sign out of a session, and what others keep for it ends with it.

In the same transaction. What ends otherwise ends by ``accounts.cut_off`` (ADR 21 and 24).
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

last_session_ended = (
    Signal()
)  # with ``people`` and ``but``, as ``notify_signed_out`` has them; sent in the transaction of the act

HOLD = "SELECT id FROM accounts_user WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"


class SigningInRequest(HttpRequest):
    """A request in which somebody is about to sign in: a type, and no class that any request has.

    Django's signal of a sign-out hands on the request, and nothing of who causes the sign-out.
    """

    signs_in: UUID


def begin_sign_in(request: HttpRequest, person: User) -> None:
    """Say who is about to sign in: whoever this browser was signed in as is signed out first, and may be the same."""
    cast("SigningInRequest", request).signs_in = person.pk


def is_signing_in(request: HttpRequest, person: User) -> bool:
    return getattr(request, "signs_in", None) == person.pk


def lock_people(people: Collection[UUID]) -> None:
    """Hold the rows of people whose sessions are about to end, until the transaction does.

    Of two sign-outs at once, each from the last session but one, the second has to see what the first has done.
    """
    if people:
        fetch_all(HOLD, [list(people)])


def sign_out_of(session_key: str | None, person: User) -> None:
    """Tell that a person signs out of the session with this key, which is yet to be removed."""
    with transaction.atomic():
        lock_people([person.pk])
        notify_signed_out([person.pk], but=[session_key] if session_key else [])


def notify_signed_out(people: Collection[UUID], *, but: Iterable[str] = ()) -> None:
    """Tell that sessions of these people end by a sign-out; those that are yet to be removed are named by ``but``."""
    if people:
        last_session_ended.send(sender=User, people=list(people), but=list(map(row_key, but)))
