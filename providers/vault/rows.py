"""The rows of the vault: each a pair of tokens of one identity, of one session at its provider."""

import logging
from dataclasses import dataclass, field, replace
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
from providers.tokens import Usable, claims_of
from providers.vault.storage import ID, owner, sealed

logger = logging.getLogger(__name__)

AHEAD = timedelta(seconds=60)  # of its end a token is renewed, or after four fifths of a short life
LEASE = Lease(timedelta(seconds=20))  # longer than a call to a provider can take
RESTS = RetryPolicy(delays=doubling(timedelta(seconds=15), timedelta(hours=1)))

READ = f"""
    SELECT
        t.id, t.sid, i.id, i.user_id, i.provider, i.issuer, i.subject,
        t.access, t.refresh, t.id_token, t.given_at, t.expires_at, t.version, t.health, t.rest_until,
        {IS_LEASED}, u.not_before, statement_timestamp()
    FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id
    JOIN providers_upstreamtokens t ON t.identity_id = i.id
"""
OF_PERSON = f"""
    {READ} WHERE i.user_id = %(user)s AND i.provider = %(provider)s
    ORDER BY t.health = 'dead', i.id || ' ' || t.sid = ANY (%(own)s) DESC, t.given_at DESC LIMIT 1
"""
OF_SESSION = f"{READ} WHERE i.id = %(identity)s AND t.sid = %(sid)s"
AGAIN = f"{READ} WHERE t.id = %(id)s"
ADOPT = """
    UPDATE "providers_upstreamtokens" SET sid = %s WHERE id = %s AND sid = '' AND NOT EXISTS (
        SELECT FROM "providers_upstreamtokens" other WHERE other.identity_id = %s AND other.sid = %s
    )
"""
CLAIM = f"""
    UPDATE "providers_upstreamtokens" SET {TAKE_LEASE}, is_unsure = is_unsure OR leased_until IS NOT NULL
    WHERE id = %(id)s AND version = %(version)s AND NOT {IS_LEASED}
"""
RENEW = f"""
    UPDATE "providers_upstreamtokens" SET
        access = %s, refresh = CASE WHEN %s <> '' THEN %s ELSE refresh END,
        id_token = CASE WHEN %s <> '' THEN %s ELSE id_token END,
        given_at = statement_timestamp(), expires_at = statement_timestamp() + %s, version = version + 1,
        {END_LEASE}, {NOTE_SUCCESS}, health = 'well', trouble = '', is_unsure = false
    WHERE id = %s AND version = %s
"""
FAIL = f"""
    UPDATE "providers_upstreamtokens" SET
        {END_LEASE}, {NOTE_FAILURE}, health = 'failing', trouble = %(trouble)s, is_unsure = is_unsure OR %(is_unsure)s
    WHERE id = %(id)s AND version = %(version)s
"""
DIE = f"""
    UPDATE "providers_upstreamtokens" SET {END_LEASE}, {NOTE_FAILING}, health = 'dead', trouble = %s
    WHERE id = %s AND version = %s AND health <> 'dead'
    RETURNING is_unsure
"""


class TokenUnavailable(Exception):
    """There is no token to be had; the kinds say what helps."""


class NothingStored(TokenUnavailable):
    """The person has no identity there, or it has never brought a token."""


class SignInAgain(TokenUnavailable):
    """The token is over and cannot be renewed: the person has to sign in at the provider once more."""


class VaultUnavailable(TokenUnavailable):
    """There is none at the moment: the provider does not renew it, or this process cannot read it."""


class KeyUnavailable(VaultUnavailable):
    """It is under a key that this process does not have. The next sign-in of the person mends it at the latest."""


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """The row as it was read, at a moment of the database's clock."""

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
    rest_until: datetime | None
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
        given_by_wrong_clock = self.given_at > self.now + LEEWAY  # its end lies too far ahead as well
        return given_by_wrong_clock or self.expires_at - ahead <= self.now

    @property
    def is_resting(self) -> bool:
        return RESTS.waits(self.rest_until, now=self.now)


NAMES = tuple(TokenRow.__dataclass_fields__)


def read(user: User, provider: str, *, in_session: Session | None = None) -> TokenRow:
    """Return the pair of the session in which it is asked, where that has a living one, else the newest that lives.

    Raises NothingStored.
    """
    followed = in_session.upstream_sessions if in_session else []
    own = [f"{one['identity']} {one['sid']}" for one in followed if one["provider"] == provider]
    row = fetch_one(OF_PERSON, {**LEASE.given(), "user": user.pk, "provider": provider, "own": own})
    if row is None:
        raise NothingStored(provider)
    return TokenRow(**dict(zip(NAMES, row, strict=True)))


def read_of(upstream: UpstreamSession) -> TokenRow | None:
    """Return the pair of one session at a provider."""
    row = fetch_one(OF_SESSION, {**LEASE.given(), "identity": upstream.identity, "sid": upstream.sid})
    return TokenRow(**dict(zip(NAMES, row, strict=True))) if row else None


def read_again(row: TokenRow) -> TokenRow | None:
    """Return what is in the row now."""
    found = fetch_one(AGAIN, {**LEASE.given(), "id": row.id})
    return TokenRow(**dict(zip(NAMES, found, strict=True))) if found else None


def adopted(upstream: UpstreamSession) -> TokenRow | None:
    """Give a pair that was kept before sessions were told apart the name of its session, which its ID token says."""
    row = read_of(replace(upstream, sid="")) if upstream.sid else None
    if row is None:
        return None
    try:
        claims = claims_of(decrypt(row.id_token, owner=row.owner, purpose=ID))
    except DecryptionFailed:
        return None
    is_its = claims.get("sid") == upstream.sid and change(
        ADOPT, [upstream.sid, row.id, upstream.identity, upstream.sid]
    )
    return read_of(upstream) if is_its else None


def claim(row: TokenRow) -> bool:
    """Whether it is ours to renew, for as long as the lease. A claim that ran out before may have lost an answer."""
    return bool(change(CLAIM, {**LEASE.given(), "id": row.id, "version": row.version}))


def store_refreshed(row: TokenRow, found: Usable) -> bool:
    put = sealed(found, row.owner)
    given: list[Any] = [put.access, put.refresh, put.refresh, put.id_token, put.id_token, found.lasts]
    return bool(change(RENEW, [*given, row.id, row.version]))


def mark_failing(row: TokenRow, detail: str, *, is_unsure: bool) -> bool:
    noted = {"trouble": detail, "is_unsure": is_unsure, "id": row.id, "version": row.version}
    return bool(change(FAIL, {**RESTS.given(), **noted}))


def mark_dead(row: TokenRow, detail: str) -> bool | None:
    """Note that they are over, unless newer ones have come: then nothing is returned, else whether that is unsure."""
    found = fetch_one(DIE, [detail, row.id, row.version])
    if found is None:
        return None
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(Event.UPSTREAM_TOKENS_LOST, provider=row.provider, reason=detail)
    return bool(found[0])


def opened(row: TokenRow, encrypted: str, purpose: str) -> str:
    """Decrypt a token. Raises UnreadableHere without the key, and SignInAgain where it is not authentic.

    A key that is not here may be at other processes, which were started with it, or come back: the row is left as it
    is. The log names the key.
    """
    try:
        return decrypt(encrypted, owner=row.owner, purpose=purpose)
    except KeyLost as lost:
        logger.error(  # noqa: TRY400  # its traceback tells nothing
            "tokens are under a key that this process does not have: key=%s identity=%s", lost, row.identity_id
        )
        raise KeyUnavailable(row.provider) from None
    except DecryptionFailed:
        logger.error("tokens do not belong to where they stand: identity=%s", row.identity_id)  # noqa: TRY400
    mark_dead(row, "not_authentic")
    raise SignInAgain(row.provider)
