"""The ``sid`` of a session: its identifier for clients, which learn it in ID tokens and when the session ends.

The key of a session's row changes when the person reauthenticates, so it cannot be that identifier. A session gets its
``sid`` with its first authorization of a client and keeps it. A later sign-in in this browser opens another session.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest

from accounts.models.session import row_key
from foundation.rows import change, fetch_one

client_sessions_ended = Signal()  # sends ``ended`` of ``notify_ended``, in the transaction in which the sessions end

# The lock is held until the authorization is stored. So whatever ends the session waits, and then revokes it too.
READ = """
    SELECT client_sid FROM "accounts_session"
    WHERE session_key = %s AND user_id IS NOT NULL AND expire_date > statement_timestamp() FOR NO KEY UPDATE
"""
SET = 'UPDATE "accounts_session" SET client_sid = %s WHERE session_key = %s'


class SessionEndedMeanwhile(Exception):
    """The session was ended after the request had read it."""


@dataclass(frozen=True, kw_only=True)
class EndedSession:
    """A session that some client knows by its ``sid``, and that has just ended."""

    sid: str
    user_id: UUID


def sid_of(request: HttpRequest) -> str:
    """Return the ``sid`` of the signed-in session of this browser, and give it one if it has none yet.

    Call it in the transaction that stores the authorization. Raises SessionEndedMeanwhile.
    """
    with transaction.atomic():
        key = row_key(request.session.session_key)
        row = fetch_one(READ, [key])
        if row is None:
            raise SessionEndedMeanwhile
        sid: str = row[0]
        if not sid:
            sid = secrets.token_urlsafe(16)
            change(SET, [sid, key])
        return sid


def notify_ended(sessions: Iterable[tuple[UUID | None, str]]) -> None:
    """Announce the end of sessions, each given by its person and ``sid``, to what was authorized in them."""
    ended = [EndedSession(sid=sid, user_id=person) for person, sid in sessions if sid and person]
    if ended:
        client_sessions_ended.send(sender=EndedSession, ended=ended)
