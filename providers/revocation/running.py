"""Telling providers that tokens are over: one row at a time, each held by one run, a dead provider in nobody's way.

A row is claimed in a statement of its own, and no connection to the database is held while its provider is asked.
Killed in between, the claim runs out and the next run asks again, which changes nothing: what is revoked stays so. A
provider that does not answer is not asked for any other row in the same run.

Who has signed out and come back keeps what they have now: with some providers all tokens that one person gave us stand
and fall together.
"""

import logging
import random
import time
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.context import Actor, ActorKind, acting
from foundation.clocks import LEEWAY
from foundation.encryption import DecryptionFailed, KeyLost, decrypt
from foundation.rows import change, fetch_one, let_go
from providers import registry
from providers.models import LeavingState
from providers.refusal import Reason, SignInRefused
from providers.revocation.outbox import ACCESS, DONE_FOR, GIVEN_UP_FOR, REFRESH, owner, tell_that_it_is_given_up
from providers.tokens import Revoked
from providers.upstream import one_deadline

logger = logging.getLogger(__name__)

ACTOR = Actor(ActorKind.JOB, "leaving")
LEASE = timedelta(seconds=30)  # that a run may take for a row: longer than the calls to a provider can
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)  # twice as long after each try
SPREAD = (0.8, 1.2)  # of a pause: not all rows at the same moment
LONGEST_WAIT = SPREAD[1] * LONGEST_PAUSE
CAME_BACK = "came_back"
PATIENCE = timedelta(days=7)  # from the act on; then the row is given up

# What a clock that was ahead has written is due: nobody may hold a row longer than LEASE, or wait longer.
CLAIM = """
    UPDATE "providers_leaving" SET claimed_until = statement_timestamp() + %s, tries = tries + 1
    WHERE id = (
        SELECT id FROM "providers_leaving"
        WHERE next_try_at NOT BETWEEN statement_timestamp() AND statement_timestamp() + %s
            AND provider <> ALL (%s)
            AND coalesce(claimed_until, '-infinity') NOT BETWEEN statement_timestamp() AND statement_timestamp() + %s
        ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING
        id, provider, issuer, because, access, refresh, tries, trouble, created_at,
        EXISTS (
            SELECT FROM "providers_upstreamtokens" t
            WHERE t.identity_id = "providers_leaving".identity_id AND "providers_leaving".sid IN ('', t.sid)
        )
"""
END = """
    UPDATE "providers_leaving" SET
        state = %s, access = '', refresh = '', identity_id = NULL, sid = '', next_try_at = NULL, claimed_until = NULL,
        trouble = %s, expires_at = statement_timestamp() + %s
    WHERE id = %s AND state = 'waiting'
"""
LATER = """
    UPDATE "providers_leaving" SET
        next_try_at = statement_timestamp() + %s, claimed_until = NULL, trouble = %s,
        created_at = least(created_at, statement_timestamp())
    WHERE id = %s AND state = 'waiting' AND tries = %s
"""
WAKE = """
    UPDATE "providers_leaving" SET next_try_at = statement_timestamp()
    WHERE provider = %s AND next_try_at > statement_timestamp()
"""


class NeverAgain(Exception):
    """Trying again would help nobody; the word says why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A claimed row, as CLAIM returns it. ``tries`` counts this one, ``trouble`` is what the one before met."""

    id: UUID
    provider: str
    issuer: str
    because: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    tries: int
    trouble: str
    created_at: datetime
    came_back: bool


def run(*, seconds: float) -> None:
    """Revoke what is due, for so many seconds at most. Any number of runs may do so at once."""
    deadline = time.monotonic() + seconds
    silent: set[str] = set()
    with acting(actor=ACTOR):
        while time.monotonic() < deadline and (row := claim(silent)) is not None:
            try:
                _end(row, LeavingState.DONE, _revoke(row))
            except NeverAgain as never:
                _give_up(row, str(never))
            except SignInRefused as refused:
                silent.add(row.provider)
                _put_off(row, refused)


def claim(silent: set[str]) -> Row | None:
    """Take the row that has waited longest, of a provider that is not among the silent ones."""
    found = fetch_one(CLAIM, [LEASE, LONGEST_WAIT + LEEWAY, list(silent), LEASE + LEEWAY])
    if found is None:
        return None
    return Row(**dict(zip((one.name for one in fields(Row)), found, strict=True)))


def _revoke(row: Row) -> str:
    """Return what is to be said of it. Raises SignInRefused when it should be tried again, NeverAgain when not."""
    provider = registry.enabled().get(row.provider)
    if provider is None:
        raise SignInRefused(Reason.PROVIDER_OFF, f"{row.provider} is off")
    if provider.issues_as != row.issuer:
        raise NeverAgain("issuer_changed")  # the tokens are another one's, and good there
    if row.came_back and not provider.revokes_one_by_one:
        return CAME_BACK
    access, refresh = _opened(row, row.access, ACCESS), _opened(row, row.refresh, REFRESH)
    let_go()
    with one_deadline():
        revoked = provider.revoke(access=access, refresh=refresh)
    return "" if revoked is Revoked.REVOKED else revoked.value


def _opened(row: Row, encrypted: str, purpose: str) -> str:
    try:
        return decrypt(encrypted, owner=owner(row.id), purpose=purpose) if encrypted else ""
    except KeyLost as lost:
        logger.error(  # noqa: TRY400  # its traceback tells nothing
            "tokens to be revoked are under a key that this process does not have: key=%s row=%s", lost, row.id
        )
        raise SignInRefused(Reason.KEY_NOT_HERE, f"under key {lost}") from None  # others may have it: later
    except DecryptionFailed:
        raise NeverAgain("not_authentic") from None


def _end(row: Row, state: LeavingState, word: str) -> bool:
    """End a row, and with it what it holds. Returns whether nobody else has."""
    given: list[Any] = [state.value, word, DONE_FOR if state is LeavingState.DONE else GIVEN_UP_FOR, row.id]
    is_ours = bool(change(END, given))
    if state is LeavingState.DONE and row.trouble:
        change(WAKE, [row.provider])  # it is well again: what waits for it need not wait longer
    return is_ours


def _give_up(row: Row, trouble: str) -> None:
    with transaction.atomic():
        if _end(row, LeavingState.GIVEN_UP, trouble):
            tell_that_it_is_given_up(row.provider, because=row.because, trouble=trouble, tries=row.tries)


def _put_off(row: Row, refused: SignInRefused) -> None:
    trouble = refused.reason.value
    logger.warning("tokens are not revoked yet: provider=%s tries=%s reason=%s", row.provider, row.tries, refused)
    if timezone.now() - row.created_at > PATIENCE:
        _give_up(row, trouble)
        return
    pause = min(FIRST_PAUSE * 2 ** min(row.tries - 1, 20), LONGEST_PAUSE)
    change(LATER, [pause * random.uniform(*SPREAD), trouble, row.id, row.tries])  # noqa: S311  # nobody gains by guessing
