"""Revoke what came from a session that has ended at its provider: sessions here, and waiting sign-ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Identity, Session, UpstreamLogout
from accounts.sessions import last_session
from accounts.sessions.authentication_event import AuthenticationEvent
from accounts.sessions.revocation import (
    WAIT_FOR_SIGN_INS,
    SessionRevocationReason,
    UpstreamNote,
    cancel_waiting,
    revoke,
)
from accounts.sessions.upstream_tracking import UpstreamSession, tracking, tracking_exactly
from foundation import lifetimes
from foundation.rows import fetch_all, fetch_one

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(E'\\n', %s, %s, %s), 28))"

HAS_ENDED = "SELECT public.upstream_has_ended(%s, %s, %s, %s)"


@dataclass(frozen=True, kw_only=True)
class LogoutTarget:
    """What a provider reports as ended: one of its sessions, all of a subject's, or one if it is this subject's."""

    provider: str
    issuer: str
    sid: str = ""
    subject: str = ""


def revoke_upstream(named: LogoutTarget) -> None:
    """Revoke the target's sessions and the sign-ins that wait for a second factor; call it in a transaction.

    A sign-in that was verified earlier and has not written its session yet is stopped by ``session_stands``: it looks
    for the ``UpstreamLogout`` row, under a lock that this takes exclusively (ADR 28). Locks are taken in the order of
    all acts on people: the accounts, their identities, the provider's session.
    """
    people = _people(named)
    last_session.lock_people(people)
    fetch_all(WAIT_FOR_SIGN_INS, [people])
    kind, name = ("sid", named.sid) if named.sid else ("sub", named.subject)
    fetch_all(LOCK, [named.provider, kind, name])
    expires_at = timezone.now() + lifetimes.UPSTREAM_END
    UpstreamLogout.objects.create(provider=named.provider, sid=named.sid, subject=named.subject, expires_at=expires_at)
    cancel_waiting(_waiting(named), reason=SessionRevocationReason.PROVIDER)
    revoke(_sessions(named), reason=SessionRevocationReason.PROVIDER, note=UpstreamNote(provider=named.provider))


def lock_people(person: UUID) -> None:
    """Lock a person whose sessions a provider may be about to end, then the identities: this waits for sign-ins."""
    last_session.lock_people([person])
    fetch_all(WAIT_FOR_SIGN_INS, [[person]])


def revoke_tracking(upstream: UpstreamSession, *, person: UUID, detail: str) -> None:
    """Revoke what tracks a provider's session whose tokens were just refused; call it while the person is locked.

    Sign-ins under way need no ``UpstreamLogout`` row: each brings its own tokens, which are checked in turn.
    """
    waiting = Session.objects.unfinished().filter(waiting_for=person, provider=upstream.provider)
    cancel_waiting(
        waiting.filter(waiting_identity_id=upstream.identity, upstream_sid=upstream.sid),
        reason=SessionRevocationReason.PROVIDER,
    )
    revoke(
        _followers(upstream, person),
        reason=SessionRevocationReason.PROVIDER,
        note=UpstreamNote(provider=upstream.provider, detail=detail),
    )


def mark_unverified(upstream: UpstreamSession, *, person: UUID) -> int:
    """Mark the sessions that track a provider's session as unverified: it is unknown whether that has ended."""
    return _followers(upstream, person).filter(unverified_since=None).order_by().update(unverified_since=timezone.now())


def _followers(upstream: UpstreamSession, person: UUID) -> "QuerySet[Session]":
    return Session.objects.live().filter(tracking_exactly(upstream), user=person)


def has_ended(event: AuthenticationEvent, *, subject: str) -> bool:
    """Whether the provider's session of an authentication has ended; a concurrent logout waits for this transaction.

    This is for reauthentication in an open session. For a session that is being opened, ``session_stands`` checks it.
    """
    row = fetch_one(HAS_ENDED, [event.provider, event.upstream_sid, subject, event.judged_at])
    return row is not None and bool(row[0])


def _people(named: LogoutTarget) -> Sequence[UUID]:
    found: set[UUID | None] = set(_sessions(named).values_list("user_id", flat=True))
    found.update(_waiting(named).values_list("waiting_for_id", flat=True))
    if named.subject:
        found.update(_identities(named).values_list("user_id", flat=True))
    return sorted(person for person in found if person is not None)


def _sessions(named: LogoutTarget) -> "QuerySet[Session]":
    """Return the live sessions that were opened or last reauthenticated by the subject or in the session named."""
    found = Session.objects.live().filter(user__isnull=False)
    if not named.subject:
        return found.filter(tracking(provider=named.provider, sid=named.sid))
    identity = _identities(named).first()
    if identity is None:
        return found.none()
    followed = tracking(provider=named.provider, identity=identity.pk, sid=named.sid)
    return found.filter(followed, user=identity.user_id)


def _waiting(named: LogoutTarget) -> "QuerySet[Session]":
    found = Session.objects.unfinished().filter(provider=named.provider)
    if named.sid:
        found = found.filter(upstream_sid=named.sid)
    if named.subject:
        found = found.filter(waiting_identity_id__in=_identities(named).values("pk"))
    return found


def _identities(named: LogoutTarget) -> "QuerySet[Identity]":
    return Identity.objects.filter(issuer=named.issuer, subject=named.subject)
