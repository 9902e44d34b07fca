"""The rows of the vault. Each is a pair of tokens of one identity, for one session at its provider."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import Session, User
from accounts.sessions import UpstreamSession
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.clocks import LEEWAY
from foundation.encryption import DecryptionFailed, KeyLost, decrypt
from foundation.rows import change, fetch_one
from jobs.retry import (
    END_LEASE,
    IS_LEASED,
    NOTE_FAILING,
    NOTE_FAILURE,
    NOTE_SUCCESS,
    TAKE_LEASE,
    Lease,
    RetryPolicy,
    doubling,
)
from providers.models import TokenHealth
from providers.tokens import Usable
from providers.vault.storage import owner, sealed

logger = logging.getLogger(__name__)

AHEAD = timedelta(seconds=60)  # how long before its expiry a token is refreshed, at most a fifth of its lifetime
LEASE = Lease(timedelta(seconds=20))  # longer than a call to a provider can take
RESTS = RetryPolicy(delays=doubling(timedelta(seconds=15), timedelta(hours=1)))

READ = f"""
    SELECT
        t.id, t.sid, i.id, i.user_id, t.provider, i.issuer, i.subject,
        t.access, t.refresh, t.id_token, t.given_at, t.expires_at, t.version, t.health, t.paused_until,
        {IS_LEASED}, u.not_before, statement_timestamp()
    FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id
    JOIN providers_upstreamtokens t ON t.identity_id = i.id
"""
OF_PERSON = f"""
    {READ} WHERE i.user_id = %(user)s AND t.provider = %(provider)s
    ORDER BY t.health = 'dead', i.id || ' ' || t.sid = ANY (%(own)s) DESC, t.given_at DESC LIMIT 1
"""
OF_SESSION = f"{READ} WHERE i.id = %(identity)s AND t.provider = %(provider)s AND t.sid = %(sid)s"
AGAIN = f"{READ} WHERE t.id = %(id)s"
CLAIM = f"""
    UPDATE "providers_upstreamtokens" SET {TAKE_LEASE}, is_unverified = is_unverified OR leased_until IS NOT NULL
    WHERE id = %(id)s AND version = %(version)s AND NOT {IS_LEASED}
"""
RENEW = f"""
    UPDATE "providers_upstreamtokens" SET
        access = %s, refresh = CASE WHEN %s <> '' THEN %s ELSE refresh END,
        id_token = CASE WHEN %s <> '' THEN %s ELSE id_token END,
        given_at = statement_timestamp(), expires_at = statement_timestamp() + %s, version = version + 1,
        {END_LEASE}, {NOTE_SUCCESS}, health = 'well', detail = '', is_unverified = false
    WHERE id = %s AND version = %s
"""
FAIL = f"""
    UPDATE "providers_upstreamtokens" SET
        {END_LEASE}, {NOTE_FAILURE}, health = 'failing', detail = %(detail)s,
        is_unverified = is_unverified OR %(is_unverified)s
    WHERE id = %(id)s AND version = %(version)s
"""
DIE = f"""
    UPDATE "providers_upstreamtokens" SET {END_LEASE}, {NOTE_FAILING}, health = 'dead', detail = %s
    WHERE id = %s AND version = %s AND health <> 'dead'
    RETURNING is_unverified
"""


class TokenUnavailable(Exception):
    """No token is available. The subclasses say what can be done."""


class NothingStored(TokenUnavailable):
    """The person has no identity at the provider, or no token is stored for it."""


class SignInAgain(TokenUnavailable):
    """The token is no longer valid and cannot be refreshed: the person must sign in at the provider again."""


class VaultUnavailable(TokenUnavailable):
    """Temporarily no token: the provider does not refresh it, or this process cannot decrypt it."""


class KeyUnavailable(VaultUnavailable):
    """The token is encrypted with a key that this process does not have. The person's next sign-in replaces it."""


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """A row as it was read. ``now`` is the time of the read by the database's clock."""

    id: int
    sid: str
    identity_id: int
    user_id: UUID
    provider: str
    issuer: str
    subject: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id_token: str = field(repr=False)
    given_at: datetime
    expires_at: datetime | None
    version: int
    health: str
    paused_until: datetime | None
    is_claimed: bool
    not_before: datetime | None
    now: datetime

    @property
    def owner(self) -> str:
        return owner(self.identity_id, self.user_id)

    @property
    def upstream(self) -> UpstreamSession:
        return UpstreamSession(provider=self.provider, identity=self.identity_id, sid=self.sid)

    @property
    def is_dead(self) -> bool:
        return self.health == TokenHealth.DEAD

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= self.now

    @property
    def is_near_its_end(self) -> bool:
        if self.expires_at is None:
            return False
        ahead = min(AHEAD, (self.expires_at - self.given_at) / 5)
        given_by_wrong_clock = self.given_at > self.now + LEEWAY  # its expiry is too late as well
        return given_by_wrong_clock or self.expires_at - ahead <= self.now

    @property
    def is_resting(self) -> bool:
        return RESTS.waits(self.paused_until, now=self.now)


NAMES = tuple(TokenRow.__dataclass_fields__)


def read(user: User, provider: str, *, in_session: Session | None = None) -> TokenRow:
    """Return the pair that ``in_session`` follows, if it is not dead, or else the newest pair that is not dead.

    If all are dead, a dead one is returned. Raises NothingStored.
    """
    followed = in_session.upstream_sessions if in_session else []
    own = [f"{one['identity']} {one['sid']}" for one in followed if one["provider"] == provider]
    row = fetch_one(OF_PERSON, {**LEASE.given(), "user": user.pk, "provider": provider, "own": own})
    if row is None:
        raise NothingStored(provider)
    return TokenRow(**dict(zip(NAMES, row, strict=True)))


def read_of(upstream: UpstreamSession) -> TokenRow | None:
    """Return the pair of one session at a provider, if there is one."""
    which = {"identity": upstream.identity, "provider": upstream.provider, "sid": upstream.sid}
    row = fetch_one(OF_SESSION, {**LEASE.given(), **which})
    return TokenRow(**dict(zip(NAMES, row, strict=True))) if row else None


def read_again(row: TokenRow) -> TokenRow | None:
    """Return the current state of the row, or None if it was deleted."""
    found = fetch_one(AGAIN, {**LEASE.given(), "id": row.id})
    return TokenRow(**dict(zip(NAMES, found, strict=True))) if found else None


def claim(row: TokenRow) -> bool:
    """Claim the pair for refreshing, for LEASE, and return whether that succeeded.

    If an earlier claim has expired, its answer may have been lost, so the pair is marked ``is_unverified``.
    """
    return bool(change(CLAIM, {**LEASE.given(), "id": row.id, "version": row.version}))


def store_refreshed(row: TokenRow, found: Usable) -> bool:
    put = sealed(found, row.owner)
    given: list[Any] = [put.access, put.refresh, put.refresh, put.id_token, put.id_token, found.lasts]
    return bool(change(RENEW, [*given, row.id, row.version]))


def mark_failing(row: TokenRow, detail: str, *, is_unverified: bool) -> bool:
    noted = {"detail": detail, "is_unverified": is_unverified, "id": row.id, "version": row.version}
    return bool(change(FAIL, {**RESTS.given(), **noted}))


def mark_dead(row: TokenRow, detail: str) -> bool | None:
    """Mark a pair as dead and return its ``is_unverified``, or None if it was replaced meanwhile or is dead already."""
    found = fetch_one(DIE, [detail, row.id, row.version])
    if found is None:
        return None
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(Event.UPSTREAM_TOKENS_LOST, provider=row.provider, reason=detail)
    return bool(found[0])


def opened(row: TokenRow, encrypted: str, purpose: str) -> str:
    """Decrypt a token. Raises KeyUnavailable without the key, SignInAgain if the ciphertext is not authentic.

    Other processes may have a key that is missing here, or it may be restored, so the row is left unchanged. The log
    names the key.
    """
    try:
        return decrypt(encrypted, owner=row.owner, purpose=purpose)
    except KeyLost as lost:
        logger.error(  # noqa: TRY400  # the traceback adds nothing
            "tokens are under a key that this process does not have: key=%s identity=%s", lost, row.identity_id
        )
        raise KeyUnavailable(row.provider) from None
    except DecryptionFailed:
        logger.error("tokens do not belong to the row that they are in: identity=%s", row.identity_id)  # noqa: TRY400
    mark_dead(row, "not_authentic")
    raise SignInAgain(row.provider)
