"""Revoking tokens at their providers, one row at a time. A provider that is down does not hold up the others.

A row is claimed in its own statement, and no database connection is held while the provider is called. If the worker
is killed, the claim expires and the next run repeats the call; revoking a token twice is harmless. A provider that does
not answer is not called again in the same run.

If a person has signed out and in again, nothing is revoked at providers where revoking one token revokes all tokens of
that person.
"""

import logging
import time
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.context import Actor, ActorKind, acting
from foundation.encryption import DecryptionFailed, KeyLost, decrypt
from foundation.rows import change, fetch_one, release_connection
from jobs.retry import END_LEASE, JITTER, Lease, RetryPolicy, claiming, doubling, putting_off, wake
from providers import registry
from providers.models import RevocationState, UpstreamRevocation
from providers.refusal import RefusalReason, SignInRefused
from providers.revocation.outbox import ACCESS, DONE_FOR, GIVEN_UP_FOR, REFRESH, owner, record_failure
from providers.tokens import Revoked
from providers.upstream import one_deadline

logger = logging.getLogger(__name__)

ACTOR = Actor(ActorKind.JOB, "revocation")
LEASE = Lease(timedelta(seconds=30))  # longer than the calls to a provider can take
RETRIES = RetryPolicy(
    delays=doubling(timedelta(seconds=15), timedelta(hours=1)), jitter=JITTER, max_age=timedelta(days=7)
)
CAME_BACK = "came_back"

CLAIM = claiming(
    "providers_upstreamrevocation",
    among="provider <> ALL (%(silent)s)",
    returning="""
        id, provider, issuer, reason, access, refresh, attempts, detail, created_at,
        EXISTS (
            SELECT FROM "providers_upstreamtokens" t
            WHERE t.identity_id = "providers_upstreamrevocation".identity_id
                AND t.provider = "providers_upstreamrevocation".provider
                AND "providers_upstreamrevocation".sid IN ('', t.sid)
        )
    """,
)
PUT_OFF = putting_off("providers_upstreamrevocation", noting=["detail"])
END = f"""
    UPDATE "providers_upstreamrevocation" SET
        state = %s, access = '', refresh = '', identity_id = NULL, sid = '', next_attempt_at = NULL, {END_LEASE},
        detail = %s, expires_at = statement_timestamp() + %s
    WHERE id = %s AND state = 'waiting'
"""


class GiveUp(Exception):
    """A retry cannot succeed. The argument is the detail that is stored."""


@dataclass(frozen=True, kw_only=True)
class RevocationRow:
    """A claimed row, as CLAIM returns it. ``attempts`` includes this one, ``detail`` is the previous failure."""

    id: UUID
    provider: str
    issuer: str
    reason: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    attempts: int
    detail: str
    created_at: datetime
    came_back: bool


def run(*, seconds: float) -> None:
    """Revoke what is due, for at most ``seconds``. Any number of runs may work concurrently."""
    deadline = time.monotonic() + seconds
    silent: set[str] = set()
    with acting(actor=ACTOR):
        while time.monotonic() < deadline and (row := claim(silent)) is not None:
            try:
                _end(row, RevocationState.DONE, _revoke(row))
            except GiveUp as never:
                _give_up(row, str(never))
            except SignInRefused as refused:
                silent.add(row.provider)
                _postpone(row, refused)


def claim(silent: set[str]) -> RevocationRow | None:
    """Claim the row that has been due longest, of a provider that is not in ``silent``. Return None without one."""
    found = fetch_one(CLAIM, {**LEASE.given(), **RETRIES.given(), "silent": list(silent)})
    if found is None:
        return None
    return RevocationRow(**dict(zip((one.name for one in fields(RevocationRow)), found, strict=True)))


def _revoke(row: RevocationRow) -> str:
    """Revoke a row's tokens and return a note on the result, "" if they were revoked.

    Raises SignInRefused if it should be retried, GiveUp if not.
    """
    provider = registry.find(row.provider)
    if provider is None:
        raise SignInRefused(RefusalReason.PROVIDER_OFF, f"{row.provider} is not enabled")
    if provider.issues_as != row.issuer:
        raise GiveUp("issuer_changed")  # the tokens belong to another issuer and must not be sent to this one
    if row.came_back and not provider.revokes_one_by_one:
        return CAME_BACK
    access, refresh = _opened(row, row.access, ACCESS), _opened(row, row.refresh, REFRESH)
    release_connection()
    with one_deadline():
        revoked = provider.revoke(access=access, refresh=refresh)
    return "" if revoked is Revoked.REVOKED else revoked.value


def _opened(row: RevocationRow, encrypted: str, purpose: str) -> str:
    try:
        return decrypt(encrypted, owner=owner(row.id), purpose=purpose) if encrypted else ""
    except KeyLost as lost:
        logger.error(  # noqa: TRY400  # the traceback adds nothing
            "tokens to be revoked are under a key that this process does not have: key=%s row=%s", lost, row.id
        )
        raise SignInRefused(RefusalReason.KEY_NOT_HERE, f"under key {lost}") from None  # retry: others may have it
    except DecryptionFailed:
        raise GiveUp("not_authentic") from None


def _end(row: RevocationRow, state: RevocationState, word: str) -> bool:
    """End a row and erase its tokens. Return False if another run has already ended it."""
    given: list[Any] = [state.value, word, DONE_FOR if state is RevocationState.DONE else GIVEN_UP_FOR, row.id]
    is_ours = bool(change(END, given))
    if state is RevocationState.DONE and row.detail:
        wake(UpstreamRevocation.objects.filter(provider=row.provider))
    return is_ours


def _give_up(row: RevocationRow, detail: str) -> None:
    with transaction.atomic():
        if _end(row, RevocationState.GIVEN_UP, detail):
            record_failure(row.provider, reason=row.reason, detail=detail, tries=row.attempts)


def _postpone(row: RevocationRow, refused: SignInRefused) -> None:
    detail = refused.reason.value
    logger.warning("tokens are not revoked yet: provider=%s tries=%s reason=%s", row.provider, row.attempts, refused)
    if RETRIES.gives_up(since=row.created_at):
        _give_up(row, detail)
        return
    delay = RETRIES.delay(row.attempts)
    change(PUT_OFF, {"id": row.id, "attempts": row.attempts, "delay": delay, "detail": detail})
