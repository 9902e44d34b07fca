"""A person's token at a provider, renewed in time: by one caller, however many ask in however many processes.

Who finds a token near its end claims the row for some seconds and asks the provider, outside of any transaction. The
others take the token while it lives, and else wait for the new one. What comes is written upon the version that was
read: so a newer pair is never overwritten, and an older refresh token that is refused condemns nothing newer. Killed
between the answer and the writing, the claim runs out, and the next caller finds out whether the old refresh token
still serves: new tokens, or a clear end.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.encryption import DecryptionFailed, KeyLost, decrypt
from accounts.models import User
from accounts.rows import change, fetch_one, let_go
from audit.clocks import LEEWAY, has_come
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from providers import registry
from providers.leaving.outbox import Because, Ended, note
from providers.models import Health
from providers.refusal import Reason, SignInRefused
from providers.tokens import RefreshRefused, Usable, claims_of, usable
from providers.upstream import one_deadline
from providers.vault.keeping import ACCESS, ID, REFRESH, owner, sealed

logger = logging.getLogger(__name__)

AHEAD = timedelta(seconds=60)  # of its end a token is renewed, or after four fifths of a short life
LEASE = timedelta(seconds=20)  # that who claimed the row may take: longer than a call to a provider can
WAIT = 6.0  # seconds that others wait for a new token where the old one is over
LOOK_EVERY = 0.05  # seconds
REST = timedelta(seconds=15)  # after the first failure; twice as long after each further one
LONGEST_REST = timedelta(hours=1)

READ = """
    SELECT
        i.id, i.user_id, i.provider, i.issuer, i.subject,
        t.access, t.refresh, t.id_token, t.given_at, t.expires_at, t.version, t.health, t.rest_until,
        t.leased_until BETWEEN statement_timestamp() AND statement_timestamp() + %s, statement_timestamp()
    FROM accounts_identity i JOIN providers_upstreamtokens t ON t.identity_id = i.id
    WHERE i.user_id = %s AND i.provider = %s ORDER BY t.health = 'dead', t.given_at DESC LIMIT 1
"""
CLAIM = """
    UPDATE "providers_upstreamtokens" SET leased_until = statement_timestamp() + %s
    WHERE identity_id = %s AND version = %s
        AND coalesce(leased_until, '-infinity') NOT BETWEEN statement_timestamp() AND statement_timestamp() + %s
"""
RENEW = """
    UPDATE "providers_upstreamtokens" SET
        access = %s, refresh = CASE WHEN %s <> '' THEN %s ELSE refresh END,
        id_token = CASE WHEN %s <> '' THEN %s ELSE id_token END,
        given_at = statement_timestamp(), expires_at = statement_timestamp() + %s, version = version + 1,
        leased_until = NULL, health = 'well', failures = 0, failing_since = NULL, rest_until = NULL, trouble = ''
    WHERE identity_id = %s AND version = %s
"""
FAIL = """
    UPDATE "providers_upstreamtokens" SET
        health = 'failing', failures = failures + 1, failing_since = coalesce(failing_since, statement_timestamp()),
        rest_until = statement_timestamp() + least(%s * power(2, least(failures, 12)), %s), leased_until = NULL,
        trouble = %s
    WHERE identity_id = %s AND version = %s
"""
DIE = """
    UPDATE "providers_upstreamtokens" SET
        health = 'dead', leased_until = NULL, trouble = %s,
        failing_since = coalesce(failing_since, statement_timestamp())
    WHERE identity_id = %s AND version = %s AND health <> 'dead'
"""


OUTAGES = frozenset(
    {Reason.PROVIDER_BUSY, Reason.PROVIDER_UNREACHABLE, Reason.PROVIDER_ANSWER_INVALID, Reason.METADATA_INVALID}
)


class TokenUnavailable(Exception):
    """There is no token to be had; the kinds say what helps."""


class NothingKept(TokenUnavailable):
    """The person has no identity there, or it has never brought a token."""


class SignInAgain(TokenUnavailable):
    """The token is over and cannot be renewed: the person has to sign in at the provider once more."""


class TryLater(TokenUnavailable):
    """There is none at the moment: the provider does not renew it, or this process cannot read it."""


class UnreadableHere(TryLater):
    """It is under a key that this process does not have. The next sign-in of the person mends it at the latest."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The row as it was read, at a moment of the database's clock."""

    identity_id: int
    owner: str
    provider: str
    issuer: str
    subject: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id_token: str = field(repr=False)
    given_at: datetime
    expires_at: datetime | None
    version: int
    is_dead: bool
    rest_until: datetime | None
    is_claimed: bool
    now: datetime

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= self.now

    @property
    def is_near_its_end(self) -> bool:
        if self.expires_at is None:
            return False
        ahead = min(AHEAD, (self.expires_at - self.given_at) / 5)
        given_by_wrong_clock = self.given_at > self.now + LEEWAY  # its end lies too far ahead as well
        return given_by_wrong_clock or self.expires_at - ahead <= self.now

    @property
    def rests(self) -> bool:
        return self.rest_until is not None and not has_come(self.rest_until, longest=LONGEST_REST, now=self.now)


def get_token(user: User, provider: str) -> str:
    """Return a person's access token at a provider, good for a while yet.

    Raises NothingKept, SignInAgain, TryLater. Call it outside of a transaction: it may wait for the provider.
    """
    deadline = time.monotonic() + WAIT
    while True:
        row = read(user, provider)
        if row.is_dead:
            raise SignInAgain(provider)
        if not row.is_near_its_end:
            return opened(row, row.access, ACCESS)
        if not row.refresh:
            if row.is_over:
                _die(row, "no_refresh_token")
                raise SignInAgain(provider)
            return opened(row, row.access, ACCESS)
        if not row.rests and not row.is_claimed:
            refresh = opened(row, row.refresh, REFRESH)  # who cannot read it leaves it to those who can
            if claim(row):
                return _renewed(row, refresh)
        if not row.is_over:
            return opened(row, row.access, ACCESS)
        if row.rests or time.monotonic() >= deadline:
            raise TryLater(provider)
        let_go()
        time.sleep(LOOK_EVERY)


def read(user: User, provider: str) -> Row:
    row = fetch_one(READ, [LEASE + LEEWAY, user.pk, provider])
    if row is None:
        raise NothingKept(provider)
    identity_id, user_id, name, issuer, subject, *of_tokens = row
    access, refresh, id_token, given_at, expires_at, version, health, rest_until, claimed, now = of_tokens
    return Row(
        identity_id=identity_id,
        owner=owner(identity_id, user_id),
        provider=name,
        issuer=issuer,
        subject=subject,
        access=access,
        refresh=refresh,
        id_token=id_token,
        given_at=given_at,
        expires_at=expires_at,
        version=version,
        is_dead=health == Health.DEAD,
        rest_until=rest_until,
        is_claimed=bool(claimed),
        now=now,
    )


def claim(row: Row) -> bool:
    return bool(change(CLAIM, [LEASE, row.identity_id, row.version, LEASE + LEEWAY]))


def _renewed(row: Row, refresh: str) -> str:
    """Ask the provider, as the only one. What it says of a pair that is not kept any more says nothing.

    Of an answer that is not believed nothing is kept. The old pair stays and is tried again after a rest: where the
    provider has not rotated it the mistake mends itself, and where it has, ``invalid_grant`` is the clear end.
    """
    let_go()
    try:
        found = _asked(row, refresh)
    except RefreshRefused:
        if _die(row, "refresh_refused"):
            raise SignInAgain(row.provider) from None
        return _of_somebody_else(row)
    except SignInRefused as failed:
        logger.warning("tokens are not renewed: provider=%s reason=%s", row.provider, failed)
        if not change(FAIL, [REST, LONGEST_REST, failed.reason.value, row.identity_id, row.version]):
            return _of_somebody_else(row)
        if failed.reason not in OUTAGES:
            _note_refusal(row, failed)
        if row.expires_at is None or row.expires_at > timezone.now():
            return opened(row, row.access, ACCESS)
        raise TryLater(row.provider) from None
    if not put(row, found) and not _is_kept(row):
        ended = Ended(provider=row.provider, issuer=row.issuer, access=found.access, refresh=found.refresh)
        note([ended], because=Because.TOO_LATE)
        raise NothingKept(row.provider)
    return found.access  # good even where a sign-in has brought a newer one meanwhile


def _note_refusal(row: Row, refused: SignInRefused) -> None:
    """Tell the trail what waiting does not mend: an answer that is not believed, or a client that is not taken."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(Event.UPSTREAM_REFUSED, provider=row.provider, because=refused.reason.value, detail=refused.detail)


def put(row: Row, found: Usable) -> bool:
    put = sealed(found, row.owner)
    given: list[Any] = [put.access, put.refresh, put.refresh, put.id_token, put.id_token, found.lasts]
    return bool(change(RENEW, [*given, row.identity_id, row.version]))


def _is_kept(row: Row) -> bool:
    """Whether the identity has tokens still: its person may have left while the provider was asked."""
    return fetch_one('SELECT 1 FROM "providers_upstreamtokens" WHERE identity_id = %s', [row.identity_id]) is not None


def _of_somebody_else(row: Row) -> str:
    """A sign-in has brought a newer pair while we asked about ours."""
    newer = fetch_one('SELECT access FROM "providers_upstreamtokens" WHERE identity_id = %s', [row.identity_id])
    if newer is None:
        raise NothingKept(row.provider)
    return opened(row, newer[0], ACCESS)


def _asked(row: Row, refresh: str) -> Usable:
    """Raises RefreshRefused, SignInRefused."""
    provider = registry.enabled().get(row.provider)
    if provider is None or provider.issues_as != row.issuer:
        raise RefreshRefused
    with one_deadline():  # keys may be fetched besides, and the claim must last longer
        found = usable(provider.refreshed(refresh, subject=row.subject, nonce=_first_nonce(row)))
    if found is None:
        raise RefreshRefused
    return found


def _first_nonce(row: Row) -> str:
    """Return the nonce of the ID token that is kept, which was verified when it came; nothing where it has none."""
    try:
        nonce = claims_of(decrypt(row.id_token, owner=row.owner, purpose=ID)).get("nonce")
    except DecryptionFailed:
        return ""
    return nonce if isinstance(nonce, str) else ""


def opened(row: Row, encrypted: str, purpose: str) -> str:
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
        raise UnreadableHere(row.provider) from None
    except DecryptionFailed:
        logger.error("tokens do not belong to where they stand: identity=%s", row.identity_id)  # noqa: TRY400
    _die(row, "not_authentic")
    raise SignInAgain(row.provider)


def _die(row: Row, trouble: str) -> bool:
    """Note that they are over, unless newer ones have come. Returns whether it was so."""
    is_so = bool(change(DIE, [trouble, row.identity_id, row.version]))
    if is_so:
        with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
            record(Event.UPSTREAM_LOST, provider=row.provider, because=trouble)
    return is_so
