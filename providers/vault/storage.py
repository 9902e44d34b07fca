"""Storing tokens in the vault and taking them out, in one statement each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import Identity, User
from accounts.sessions import UpstreamSession
from foundation.encryption import DecryptionFailed, decrypt, encrypt
from foundation.rows import change, fetch_all, fetch_one
from jobs.retry import END_LEASE, NOTE_SUCCESS
from providers.models import TokenHealth, UpstreamTokens
from providers.tokens import Tokens, Usable, usable
from providers.vault.in_use import IN_USE

ACCESS, REFRESH, ID = "upstream access token", "upstream refresh token", "upstream id token"

STORE = f"""
    INSERT INTO "providers_upstreamtokens" AS t (
        identity_id, provider, sid, access, refresh, id_token, scopes, given_at, expires_at
    ) SELECT %s, %s, %s, %s, %s, %s, %s, statement_timestamp(), statement_timestamp() + %s
    FROM accounts_user u WHERE u.id = %s AND u.is_active
    ON CONFLICT (identity_id, provider, sid) DO UPDATE SET
        access = excluded.access, id_token = excluded.id_token, scopes = excluded.scopes,
        refresh = CASE WHEN excluded.refresh <> '' THEN excluded.refresh ELSE t.refresh END,
        given_at = excluded.given_at, expires_at = excluded.expires_at, version = t.version + 1,
        {END_LEASE}, {NOTE_SUCCESS}, health = 'well', detail = '', is_unverified = false
"""
DELETE = """
    WITH gone AS (DELETE FROM "providers_upstreamtokens" WHERE identity_id = %s AND provider = %s)
    SELECT 1 FROM accounts_user WHERE id = %s AND is_active
"""
POP = "t.identity_id = ANY (%(identities)s)"
POP_ONE = f"{POP} AND t.provider = %(provider)s AND t.sid = %(sid)s"
POP_UNUSED = f"""
    {POP} AND NOT EXISTS (
        SELECT FROM accounts_session s
        WHERE s.expire_date > statement_timestamp() AND s.session_key <> ALL (%(but)s) AND {IN_USE}
    )
"""
TAKEN = """
    DELETE FROM "providers_upstreamtokens" t USING accounts_identity i WHERE t.identity_id = i.id AND {}
    RETURNING t.identity_id, t.provider, t.sid, t.access, t.refresh, t.id_token, t.scopes, t.health
"""


@dataclass(frozen=True, kw_only=True)
class StoredTokens:
    """Decrypted tokens that were taken out of the vault. Those that cannot be decrypted are empty."""

    identity_id: int
    provider: str
    sid: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id: str = field(repr=False)
    scopes: str
    health: str


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """The encrypted values for the columns."""

    access: str
    refresh: str
    id_token: str


def owner(identity_id: int, user_id: object) -> str:
    """Return associated data that binds a ciphertext to one identity of one account: elsewhere it does not decrypt."""
    return f"{identity_id} of {user_id}"


def sealed(found: Usable, whose: str) -> Sealed:
    return Sealed(
        access=encrypt(found.access, owner=whose, purpose=ACCESS),
        refresh=encrypt(found.refresh, owner=whose, purpose=REFRESH) if found.refresh else "",
        id_token=encrypt(found.id, owner=whose, purpose=ID) if found.id else "",
    )


def store(identity: Identity, tokens: Tokens, *, provider: str, sid: str = "") -> bool:
    """Store the tokens of a sign-in, in its transaction, and return whether the account is active. If not, store none.

    Without a new refresh token the old one is kept. ``sid`` is the provider's id of its session, if it has one; each
    session has its own pair. If there is no usable token, what this provider gave before is deleted: it comes from
    earlier sign-ins and must not be used as if it came from this one.

    The account may have been deactivated while the sign-in waited for the identity's lock. What the sign-in read before
    is outdated then, but this statement sees the current state (PostgreSQL documentation, section 13.2.1).
    """
    found = usable(tokens)
    if found is None:
        return fetch_one(DELETE, [identity.pk, provider, identity.user_id]) is not None
    put = sealed(found, owner(identity.pk, identity.user_id))
    given: list[Any] = [identity.pk, provider, sid, put.access, put.refresh, put.id_token, found.scopes, found.lasts]
    return bool(change(STORE, [*given, identity.user_id]))


def pop(identities: Iterable[Identity], *, only: UpstreamSession | None = None) -> list[StoredTokens]:
    """Delete and return the tokens of these identities, or only those of one session at a provider."""
    if only is None:
        return _popped(POP, identities)
    return _popped(POP_ONE, identities, provider=only.provider, sid=only.sid)


def pop_unused(identities: Iterable[Identity], *, but: list[str]) -> list[StoredTokens]:
    """Delete and return the tokens that no session of ours uses. Sessions whose keys are in ``but`` do not count."""
    return _popped(POP_UNUSED, identities, but=but)


def _popped(which: str, identities: Iterable[Identity], **given: Any) -> list[StoredTokens]:
    owners = {identity.pk: owner(identity.pk, identity.user_id) for identity in identities}
    return [
        StoredTokens(
            identity_id=identity_id,
            provider=provider,
            sid=sid,
            access=_opened(access, owners[identity_id], ACCESS),
            refresh=_opened(refresh, owners[identity_id], REFRESH),
            id=_opened(id_token, owners[identity_id], ID),
            scopes=scopes,
            health=health,
        )
        for identity_id, provider, sid, access, refresh, id_token, scopes, health in fetch_all(
            TAKEN.format(which), {"identities": list(owners), **given}
        )
    ]


def id_token(user: User, upstream: UpstreamSession, *, issuer: str) -> str:
    """Return the ID token of one session at a provider, or "" if there is none from this issuer."""
    rows = UpstreamTokens.objects.filter(identity__user=user, identity__issuer=issuer)
    row = rows.filter(identity=upstream.identity, provider=upstream.provider, sid=upstream.sid).first()
    return _opened(row.id_token, owner(upstream.identity, user.pk), ID) if row else ""


def expired(user: User) -> list[tuple[Identity, str]]:
    """Return the identities of a person whose tokens of a provider are all dead, each with that provider's id."""
    of_same = UpstreamTokens.objects.filter(identity=OuterRef("identity"), provider=OuterRef("provider"))
    dead = UpstreamTokens.objects.filter(~Exists(of_same.exclude(health=TokenHealth.DEAD)), identity__user=user)
    rows = dead.select_related("identity").order_by("identity_id", "provider").distinct("identity_id", "provider")
    return [(row.identity, row.provider) for row in rows]


def count(user: User) -> int:
    """Return the number of a person's identities with stored tokens."""
    return Identity.objects.filter(user=user, tokens__isnull=False).distinct().count()


def _opened(encrypted: str, whose: str, purpose: str) -> str:
    try:
        return decrypt(encrypted, owner=whose, purpose=purpose) if encrypted else ""
    except DecryptionFailed:
        return ""
