"""What is yet to be revoked: a row for each pair of tokens, written in the transaction of the act that ends them."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import models
from django.utils import timezone

from audit.events import Event, record
from foundation.encryption import encrypt
from providers.models import Leaving, RevocationState

logger = logging.getLogger(__name__)

ACCESS, REFRESH = "upstream access token to be revoked", "upstream refresh token to be revoked"
UNREADABLE = "key_lost"  # the vault could not open them: nobody can name them to their provider
DONE_FOR, GIVEN_UP_FOR = timedelta(days=1), timedelta(days=30)  # that an ended row can be looked at


class TokenRevocationReason(models.TextChoices):
    """The act that ended the tokens."""

    SIGNED_OUT = "signed_out"
    DISCONNECTED = "disconnected"
    DEACTIVATED = "deactivated"
    ERASED = "erased"
    REMOVED = "removed"  # the identity went some other way
    CUT_OFF = "cut_off"
    TOO_LATE = "too_late"  # they came for an identity that had left meanwhile


@dataclass(frozen=True, kw_only=True)
class RevokedTokens:
    """Tokens in clear that are ours no longer, and who gave them. What could not be decrypted is empty.

    ``identity_id`` is that of who may come back, and then keeps what they have here; ``sid`` is the provider's name of
    the session that would have to come back, where it had one.
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
    """Write down what is to be revoked, and return the rows' ids: ``standing.not_revoked`` counts those not done."""
    rows = [_row(one, reason) for one in ended]
    Leaving.objects.bulk_create(rows)
    for row in rows:
        if row.state == RevocationState.GIVEN_UP:
            record_failure(row.provider, reason=row.because, detail=row.trouble, tries=row.attempts)
    return [row.pk for row in rows]


def owner(row_id: UUID) -> str:
    """Whose a ciphertext is: in another row it is nothing."""
    return f"leaving {row_id}"


def record_failure(provider: str, *, reason: str, detail: str, tries: int) -> None:
    logger.error("tokens were not revoked: provider=%s because=%s trouble=%s", provider, reason, detail)
    record(Event.UPSTREAM_TOKENS_REVOCATION_FAILED, provider=provider, reason=reason, detail=detail, tries=tries)


def _row(ended: RevokedTokens, reason: TokenRevocationReason) -> Leaving:
    """The database's clock says when: it is the one that the job looks at."""
    row_id = uuid4()
    row = Leaving(
        id=row_id,
        provider=ended.provider,
        issuer=ended.issuer,
        because=reason.value,
        identity_id=ended.identity_id,
        sid=ended.sid,
        access=encrypt(ended.access, owner=owner(row_id), purpose=ACCESS) if ended.access else "",
        refresh=encrypt(ended.refresh, owner=owner(row_id), purpose=REFRESH) if ended.refresh else "",
    )
    if not ended.is_readable:
        row.state, row.trouble = RevocationState.GIVEN_UP, UNREADABLE
        row.next_attempt_at, row.expires_at = None, timezone.now() + GIVEN_UP_FOR
    return row
