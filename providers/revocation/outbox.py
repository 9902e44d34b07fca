"""Pending revocations: a row for each pair of tokens, written in the transaction of the act that ends them."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import models
from django.utils import timezone

from audit.events import Event, record
from foundation.encryption import encrypt
from providers.models import RevocationState, UpstreamRevocation

logger = logging.getLogger(__name__)

ACCESS, REFRESH = "upstream access token to be revoked", "upstream refresh token to be revoked"
UNREADABLE = "key_lost"  # the tokens could not be decrypted, so they cannot be sent to their provider
DONE_FOR, GIVEN_UP_FOR = timedelta(days=1), timedelta(days=30)  # how long an ended row stays visible


class TokenRevocationReason(models.TextChoices):
    """The act that ended the tokens."""

    SIGNED_OUT = "signed_out"
    DISCONNECTED = "disconnected"
    DEACTIVATED = "deactivated"
    ERASED = "erased"
    REMOVED = "removed"  # the identity was deleted in some other way
    CUT_OFF = "cut_off"
    TOO_LATE = "too_late"  # they arrived after the identity was gone


@dataclass(frozen=True, kw_only=True)
class RevokedTokens:
    """Decrypted tokens that were taken out of the vault, and their provider. What could not be decrypted is empty.

    ``identity_id`` is set if a new sign-in of that identity cancels the revocation. ``sid`` then limits this to a
    sign-in by the same session at the provider, if it has an id.
    """

    provider: str
    issuer: str
    identity_id: int | None = None
    sid: str = ""
    access: str = field(repr=False)
    refresh: str = field(repr=False)

    @property
    def is_readable(self) -> bool:
        return bool(self.access or self.refresh)


def enqueue(ended: Iterable[RevokedTokens], *, reason: TokenRevocationReason) -> list[UUID]:
    """Store what must be revoked and return the ids of the rows. ``status.not_revoked`` counts those not yet done."""
    rows = [_row(one, reason) for one in ended]
    UpstreamRevocation.objects.bulk_create(rows)
    for row in rows:
        if row.state == RevocationState.GIVEN_UP:
            record_failure(row.provider, reason=row.reason, detail=row.detail, tries=row.attempts)
    return [row.pk for row in rows]


def owner(row_id: UUID) -> str:
    """Return associated data that binds a ciphertext to its row: copied elsewhere it does not decrypt."""
    return f"upstream revocation {row_id}"


def record_failure(provider: str, *, reason: str, detail: str, tries: int) -> None:
    logger.error("tokens were not revoked: provider=%s reason=%s detail=%s", provider, reason, detail)
    record(Event.UPSTREAM_TOKENS_REVOCATION_FAILED, provider=provider, reason=reason, detail=detail, tries=tries)


def _row(ended: RevokedTokens, reason: TokenRevocationReason) -> UpstreamRevocation:
    """Build a row. The time of the next attempt comes from the database's clock, which the task compares it with."""
    row_id = uuid4()
    row = UpstreamRevocation(
        id=row_id,
        provider=ended.provider,
        issuer=ended.issuer,
        reason=reason.value,
        identity_id=ended.identity_id,
        sid=ended.sid,
        access=encrypt(ended.access, owner=owner(row_id), purpose=ACCESS) if ended.access else "",
        refresh=encrypt(ended.refresh, owner=owner(row_id), purpose=REFRESH) if ended.refresh else "",
    )
    if not ended.is_readable:
        row.state, row.detail = RevocationState.GIVEN_UP, UNREADABLE
        row.next_attempt_at, row.expires_at = None, timezone.now() + GIVEN_UP_FOR
    return row
