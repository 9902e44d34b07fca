"""Sends logout tokens to clients (OpenID Connect Back-Channel Logout 1.0), with retries for a day (ADR 45).

A notice is claimed in its own statement, and no database connection is held while a client is called. If the worker is
killed, the claim expires and the next run sends another token; to sign out twice is harmless. A client is called by one
thread at a time, and not again in the same run after it has failed. Each tenant's clients get a part of the threads,
and a thread without work waits for more while others are busy: so clients that do not answer delay no other tenant's.
"""

import logging
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from audit.context import Actor, ActorKind, acting
from audit.events import record
from authserver import events
from authserver.keys.ring import NoKey
from authserver.models import Client, LogoutNotice, SigningAlgorithm
from authserver.protocol.parameters import FORM
from authserver.tokens import jwts
from foundation import retry_after
from foundation.locks import one_at_a_time
from foundation.posting import Outcome, Result, post
from foundation.rows import Rows, change, fetch_one, release_connection
from jobs.retry import JITTER, Lease, RetryPolicy, claiming, doubling, putting_off

logger = logging.getLogger(__name__)

ACTOR = Actor(ActorKind.JOB, "logout-notices")
EVENT = "http://schemas.openid.net/event/backchannel-logout"  # a name, section 2.4
LASTS = 120  # seconds that a logout token is valid, as section 2.4 recommends
SENDERS = 4  # clients called at once
SENDERS_OF_ONE = 2  # of these for one tenant, or for the site
PAUSE = 0.5  # seconds between two looks for new notices, while other threads are busy and none ends its call
SITE = UUID(int=0)  # in place of the tenant of a client of the site
LEASE = Lease(timedelta(seconds=30))  # longer than a call can take
RETRIES = RetryPolicy(
    delays=doubling(timedelta(seconds=10), timedelta(hours=1)),
    jitter=JITTER,
    longest_asked=retry_after.LONGEST,
    max_age=timedelta(days=1),
)
CLIENT = Rows(Client, "c")
READ_CLIENT = f"SELECT {CLIENT.columns} FROM public.client_get(%s) c"
CLAIM = claiming(
    "authserver_logoutnotice",
    among="client_id <> ALL (%(not_now)s) AND coalesce(tenant_id, %(site)s) <> ALL (%(full)s)",
    returning="id, client_id, coalesce(tenant_id, %(site)s), subject, sid, attempts, created_at",
)
PUT_OFF = putting_off("authserver_logoutnotice", noting=())


@dataclass(frozen=True, kw_only=True)
class ClaimedNotice:
    """A claimed row, as CLAIM returns it. ``attempts`` includes this one."""

    id: UUID
    client_id: UUID
    tenant_id: UUID
    subject: str
    sid: str
    attempts: int
    created_at: datetime


@dataclass
class NoticeRun:
    """The clients that this run does not call now: because a thread is calling them, or because they have failed.

    ``busy`` are the clients that are being called, with their tenants.
    """

    busy: dict[UUID, UUID] = field(default_factory=dict)
    failed: set[UUID] = field(default_factory=set)
    lock: threading.Condition = field(default_factory=threading.Condition)  # notified when a call has ended

    def claim(self) -> ClaimedNotice | None:
        """Claim the notice that has been due longest, of a client that may be called now."""
        with self.lock:
            served = Counter(self.busy.values())
            full = [tenant for tenant, count in served.items() if count >= SENDERS_OF_ONE]
            limits = {"not_now": [*self.busy, *self.failed], "full": full, "site": SITE}
            given = {**LEASE.given(), **RETRIES.given(), **limits}
            row = fetch_one(CLAIM, given)
            if row is None:
                return None
            notice = ClaimedNotice(**dict(zip((one.name for one in fields(ClaimedNotice)), row, strict=True)))
            self.busy[notice.client_id] = notice.tenant_id
            return notice

    def done(self, notice: ClaimedNotice, *, has_failed: bool) -> None:
        with self.lock:
            self.busy.pop(notice.client_id, None)
            if has_failed:
                self.failed.add(notice.client_id)
            self.lock.notify_all()

    def is_over(self) -> bool:
        """Wait until a call ends, at most ``PAUSE`` seconds; return whether there was none in progress."""
        with self.lock:
            if not self.busy:
                return True
            self.lock.wait(PAUSE)
            return False


def send_due(*, seconds: float) -> None:
    """Send the notices that are due, for at most so many seconds. Returns at once if another run is in progress."""
    with one_at_a_time("logout-notices") as is_ours:
        if not is_ours:
            return
        run, deadline = NoticeRun(), time.monotonic() + seconds
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="logout") as pool:
            for _ in range(SENDERS):
                pool.submit(_work, run, deadline)


def logout_token(client: Client, *, subject: str, sid: str) -> str:
    """Return a new logout token (section 2.4). Raises NoKey."""
    now = int(time.time())
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": client.client_id,
        "iat": now,
        "exp": now + LASTS,
        "jti": secrets.token_urlsafe(16),
        "sub": subject,
        "sid": sid,
        "events": {EVENT: {}},
    }
    return jwts.sign(claims, typ=jwts.LOGOUT, algorithm=SigningAlgorithm(client.signing_algorithm))


def _work(run: NoticeRun, deadline: float) -> None:
    """Send notices in a thread until there are none and no other thread is busy, during whose calls more may come.

    An unexpected error ends this thread alone and is logged.
    """
    try:
        with acting(actor=ACTOR):
            while time.monotonic() < deadline:
                if notice := run.claim():
                    _call(run, notice)
                    continue
                release_connection()
                if run.is_over():
                    return
    except Exception:  # the outermost frame of a thread
        logger.exception("sending logout tokens failed")
    finally:
        connection.close()


def _call(run: NoticeRun, notice: ClaimedNotice) -> None:
    has_failed = True
    try:
        with suppress(NoKey):
            has_failed = not _send(notice)
    finally:
        run.done(notice, has_failed=has_failed)


def _send(notice: ClaimedNotice) -> bool:
    """Send one notice and store the result; return whether the client may be called again in this run."""
    row = fetch_one(READ_CLIENT, [notice.client_id])
    client = CLIENT.read(row) if row else None
    if client is None or not client.backchannel_logout_uri:
        LogoutNotice.objects.filter(pk=notice.id).delete()
        return True
    token = logout_token(client, subject=notice.subject, sid=notice.sid)
    release_connection()
    outcome = post(client.backchannel_logout_uri, urlencode({"logout_token": token}).encode(), {"Content-Type": FORM})
    if outcome.fate is Result.TAKEN:
        LogoutNotice.objects.filter(pk=notice.id).delete()
        return True
    _note_failure(client, notice, outcome)
    return False


def _note_failure(client: Client, notice: ClaimedNotice, outcome: Outcome) -> None:
    logger.warning("a logout token was not accepted: client=%s %s", client.client_id, outcome.reason)
    if outcome.fate is not Result.GONE and not RETRIES.gives_up(since=notice.created_at):
        delay = RETRIES.delay(notice.attempts, asked=outcome.retry_after)
        given: dict[str, Any] = {"id": notice.id, "attempts": notice.attempts, "delay": delay}
        change(PUT_OFF, given)
        return
    with transaction.atomic():
        count, _ = LogoutNotice.objects.filter(pk=notice.id, attempts=notice.attempts).delete()
        if count:
            record(
                events.LOGOUT_FAILED,
                object=client,
                tenant_id=client.tenant_id,
                app=client.client_id,
                reason=outcome.reason,
                tries=notice.attempts,
            )
