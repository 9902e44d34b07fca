"""Removing what has expired, a little at a time, so that nobody who signs in has to wait for it."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from django.db import connection

from accounts.tenancy import site_context
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record

LOCK = 0x5E55_10A5  # the number of PostgreSQL's advisory lock by which one run at a time is held
SLICE = 1000  # rows of one statement: some milliseconds

DELETE_SESSIONS = """
    DELETE FROM accounts_session WHERE session_key IN (
        SELECT session_key FROM accounts_session WHERE expire_date < statement_timestamp()
        ORDER BY expire_date LIMIT %s FOR UPDATE SKIP LOCKED
    )
"""
DELETE_LINKS = """
    DELETE FROM accounts_mailedlink WHERE id IN (
        SELECT id FROM accounts_mailedlink WHERE expires_at < statement_timestamp()
        ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
"""
DELETE_INVITATIONS = """
    DELETE FROM accounts_invitation WHERE id IN (
        SELECT id FROM accounts_invitation WHERE expires_at < statement_timestamp() - interval '30 days'
        ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
"""
ACTOR = Actor(ActorKind.JOB, "purge")


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What a run did. ``finished`` is false where its time was over first, or another run was under way."""

    count: int
    finished: bool


def purge_sessions(*, seconds: float | None = None) -> Purged:
    """Remove expired sessions: see ``_purge``."""
    return _purge(DELETE_SESSIONS, Event.SESSION_PURGED, seconds=seconds)


def purge_links(*, seconds: float | None = None) -> Purged:
    """Remove expired links that were mailed, used or not: see ``_purge``."""
    return _purge(DELETE_LINKS, Event.LINK_PURGED, seconds=seconds)


def purge_invitations(*, seconds: float | None = None) -> Purged:
    """Remove invitations whose time was over 30 days ago, whatever became of them: see ``_purge``."""
    return _purge(DELETE_INVITATIONS, Event.INVITATION_PURGED, seconds=seconds, of_tenants=True)


def _purge(statement: str, event: Event, *, seconds: float | None, of_tenants: bool = False) -> Purged:
    """Remove what has expired, for so many seconds, or to the end where none are given.

    With a time budget it leaves at once while another run is under way; without one it waits for it. A row
    that somebody holds is left to the next run.
    """
    with connection.cursor() as cursor:
        if not _lock(waits=seconds is None):
            return Purged(count=0, finished=False)
        try:
            deadline = time.monotonic() + seconds if seconds is not None else None
            count, finished = 0, False
            while not finished and (deadline is None or time.monotonic() < deadline):
                removed = _delete_slice(statement, of_tenants=of_tenants)
                count += removed
                finished = removed < SLICE
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    if count:
        with acting(actor=ACTOR):
            record(event, count=count, finished=finished)
    return Purged(count=count, finished=finished)


def _delete_slice(statement: str, *, of_tenants: bool) -> int:
    """Each in a transaction of its own: what a slice holds, it holds for milliseconds."""
    with ExitStack() as stack:
        if of_tenants:
            stack.enter_context(site_context("what expired long ago is removed, whosever it was", actor=ACTOR))
        cursor = stack.enter_context(connection.cursor())
        cursor.execute(statement, [SLICE])
        return int(cursor.rowcount)


def _lock(*, waits: bool) -> bool:
    """Take the lock, which ends with the connection if the process is killed."""
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (is_ours,) = cursor.fetchone()
        return bool(is_ours)
