"""Revoke sessions, and what may still become one.

Every request reads the session's row, so deleting the row signs the browser out. Sign-ins that wait for a second factor
and mailed links carry the epoch of their person: moving the epoch ends them all, also those being verified at this
moment (ADR 28).
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from accounts.models import MailedLink, Purpose, Session, User
from accounts.models.mailed_link import OF_AN_EPOCH
from accounts.models.session import row_key
from accounts.sessions import last_session
from accounts.sessions.client_sid import notify_ended
from accounts.sessions.statements import OF_THE_BROWSER, REPLACED
from audit.events import Event, record
from foundation.rows import change, fetch_all, fetch_one

MOVE = """
    UPDATE "accounts_user" SET sign_in_epoch = greatest(clock_timestamp(), sign_in_epoch + interval '1 microsecond')
    WHERE id = ANY (%s)
"""
DELETE = 'DELETE FROM "accounts_session" WHERE session_key = ANY (%s) RETURNING user_id, client_sid'
WAIT_FOR_SIGN_INS = "SELECT 1 FROM accounts_identity WHERE user_id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"
MOVE_BUT_KEEP = f"""
    WITH before AS (SELECT id, sign_in_epoch FROM "accounts_user" WHERE id = ANY (%s)),
    moved AS ({MOVE} RETURNING id, sign_in_epoch)
    UPDATE "accounts_session" s SET waiting_epoch = moved.sign_in_epoch FROM moved JOIN before USING (id)
    WHERE s.session_key = %s AND s.waiting_for_id = moved.id AND s.waiting_cancelled = ''
        AND s.waiting_epoch IS NOT DISTINCT FROM before.sign_in_epoch
"""


class SessionRevocationReason(StrEnum):
    """Why a session, a waiting sign-in or a mailed link was ended before it expired."""

    OWNER = "owner"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_DISOWNED = "email_change_disowned"
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


UPSTREAM_NOTE = "ended_there"  # key in what is left of a session: the provider at which it ended


@dataclass(frozen=True, kw_only=True)
class UpstreamNote:
    """At which provider a session ended, for the person and the trail; ``detail`` is the reason, for the trail."""

    provider: str
    detail: str = ""

    @property
    def for_trail(self) -> dict[str, str]:
        return {"provider": self.provider, **({"detail": self.detail} if self.detail else {})}


SIGN_OUTS = frozenset(
    {SessionRevocationReason.OWNER, SessionRevocationReason.PROVIDER, SessionRevocationReason.ADMINISTRATOR}
)  # with these reasons, revoking a session is a sign-out


def leave_note(keys: list[str], note: UpstreamNote) -> int:
    """End sessions, leaving only a note for the browser in their rows; return how many there were.

    Such a row belongs to no person. It expires when the session's cookie would, or is replaced by the next sign-in.
    """
    emptied = dict.fromkeys(("provider", "upstream_sid", "user_agent", "client_sid"), "")
    left = Session.objects.filter(session_key__in=keys)
    ended = list(left.select_for_update().values_list("user_id", "client_sid"))
    count = left.update(
        user=None,
        session_data=json.dumps({UPSTREAM_NOTE: note.provider}),
        upstream_sessions=[],
        ip_address=None,
        active_tenant=None,
        pinned_tenant=None,
        revalidate_at=None,
        unverified_since=None,
        idle=None,
        expire_date=Coalesce("ends_at", "expire_date"),
        **emptied,
    )
    notify_ended(ended)
    return count


def delete(keys: list[str]) -> int:
    """Delete sessions and return how many there were. To end them early, use ``revoke``, which records it."""
    with transaction.atomic(savepoint=False):
        ended = fetch_all(DELETE, [keys])
        notify_ended((row[0], row[1]) for row in ended)
    return len(ended)


def replace(key: str) -> dict[str, Any]:
    """Delete the row that a new one replaces, by its key, and return its columns that belong to the browser."""
    with transaction.atomic(savepoint=False):
        row = fetch_one(REPLACED, [key])
        if row is None:
            return {}
        notify_ended([(row[0], row[1])])
    return dict(zip(OF_THE_BROWSER, row[2:], strict=True))


def revoke_others(user: User, *, keep: str | None, reason: SessionRevocationReason) -> int:
    """Revoke all sessions of a person but one, and all waiting sign-ins; return how many sessions there were.

    ``keep`` is the browser's key of the session in which the person acts, or in which their own sign-in waits.
    """
    return revoke_all_sessions([user.pk], keep=keep, reason=reason)


def revoke_all_sessions(people: Collection[UUID], *, keep: str | None = None, reason: SessionRevocationReason) -> int:
    """Revoke people's sessions, waiting sign-ins and mailed links, and move their epoch, in one transaction.

    Call it with every act that must sign them out. Returns how many sessions there were.
    """
    with transaction.atomic():
        move_epoch(people, keep=keep)
        unfinished = Session.objects.unfinished().filter(waiting_for__in=people)
        cancel_waiting(unfinished.exclude(session_key=row_key(keep)), reason=reason)
        expire_links(people, reason=reason)
        others = Session.objects.filter(user__in=people).exclude(session_key=row_key(keep))
        return revoke(others.defer("session_data"), reason=reason)


def move_epoch(people: Collection[UUID], *, keep: str | None = None) -> None:
    """Invalidate, for these people, everything that was verified or mailed before this moment.

    Sign-ins under way hold a lock on the row of the person or the identity. This waits for them, so that the caller
    sees their sessions afterwards. ``keep`` is the session in which a person's own sign-in waits and continues.
    """
    given: list[Any] = [list(people)]
    with transaction.atomic():
        last_session.lock_people(people)
        change(MOVE, given) if keep is None else change(MOVE_BUT_KEEP, [*given, *given, row_key(keep)])
        fetch_all(WAIT_FOR_SIGN_INS, given)


def cancel_waiting(waiting: Iterable[Session], *, reason: SessionRevocationReason) -> int:
    """Cancel sign-ins that wait for their second factor, record it, and return how many there were.

    Their rows stay until they expire, so that the pages can state the reason.
    """
    with transaction.atomic():
        rows = list(waiting)
        for row in rows:
            record(
                Event.SIGN_IN_CANCELLED,
                person=row.waiting_for_id,
                provider=row.provider,
                session=row.public_id,
                reason=reason.value,
            )
        return Session.objects.filter(pk__in=[row.pk for row in rows]).update(waiting_cancelled=reason.value)


def expire_links(people: Collection[UUID], *, reason: SessionRevocationReason) -> int:
    """End mailed links that reset passwords or change addresses; return how many there were.

    Their rows stay until they expire, so that the page of such a link can state the reason.
    """
    left = MailedLink.objects.unexpired().filter(user__in=people, purpose__in=OF_AN_EPOCH)
    rows = list(left.values_list("pk", "user_id", "purpose"))
    for _pk, person, purpose in rows:
        if purpose == Purpose.EMAIL_CHANGE:
            record(Event.EMAIL_CHANGE_CANCELLED, person=person, reason=reason.value)
    return MailedLink.objects.filter(pk__in=[row[0] for row in rows]).update(expiry_reason=reason.value)


def revoke(sessions: Iterable[Session], *, reason: SessionRevocationReason, note: UpstreamNote | None = None) -> int:
    """Revoke sessions, record it, and return how many there were.

    This is one transaction: no recorded revocation fails to happen, and none happens unrecorded. With a ``note``, the
    sign-in page tells each browser once.
    """
    with transaction.atomic():
        rows = list(sessions)
        people = {row.user_id for row in rows if row.user_id} if reason in SIGN_OUTS else set()
        last_session.lock_people(people)
        details: dict[str, Any] = {"reason": reason.value, **(note.for_trail if note else {})}
        for row in rows:
            record(Event.SESSION_REVOKED, person=row.user_id, session=row.public_id, **details)
        keys = [row.session_key for row in rows]
        count = leave_note(keys, note) if note else delete(keys)
        last_session.notify_signed_out(people)
        return count
