"""Renewing a pair of tokens, by whoever has claimed it, and what a refusal means for who is signed in by it.

The provider is asked outside of any transaction. What comes is written upon the version that was read: so a newer pair
is never overwritten, and an older refresh token that is refused condemns nothing newer. Killed between the answer and
the writing, the claim runs out, and the next caller finds out whether the old refresh token still serves.

``invalid_grant`` is the provider's clear word that its session is over, or the person no longer welcome: whoever is
signed in by it is signed out (ADR 35). After an answer that was lost it says nothing, for the provider may have given a
newer refresh token in it: then the person is asked to come back from there.
"""

import logging

from django.db import transaction

from accounts.sessions import upstream_logout
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.encryption import DecryptionFailed, decrypt
from foundation.rows import fetch_one, release_connection
from providers import registry
from providers.refusal import RefusalReason, SignInRefused
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from providers.tokens import RefreshRefused, Usable, claims_of, usable
from providers.upstream import one_deadline
from providers.vault.rows import (
    NothingStored,
    SignInAgain,
    TokenRow,
    VaultUnavailable,
    mark_dead,
    mark_failing,
    opened,
    read_again,
    store_refreshed,
)
from providers.vault.storage import ACCESS, ID

logger = logging.getLogger(__name__)

OUTAGES = frozenset(
    {
        RefusalReason.PROVIDER_BUSY,
        RefusalReason.PROVIDER_UNREACHABLE,
        RefusalReason.PROVIDER_ANSWER_INVALID,
        RefusalReason.METADATA_INVALID,
    }
)
TAKES_NO_TOKEN = frozenset(  # the refresh token was not sent, or answered by a clear no to our client
    {
        RefusalReason.PROVIDER_OFF,
        RefusalReason.PROVIDER_BUSY,
        RefusalReason.METADATA_INVALID,
        RefusalReason.CLIENT_REFUSED,
    }
)
STANDS = """
    SELECT i.id FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id
    WHERE i.id = %s AND u.is_active AND u.not_before IS NOT DISTINCT FROM %s
"""


class OtherIssuer(Exception):
    """The pair cannot be renewed here: another issuer gave it."""


def refresh_tokens(row: TokenRow, refresh: str) -> str:
    """Ask the provider, as the only one. What it says of a pair that is not kept any more says nothing.

    Of an answer that is not believed nothing is kept. The old pair stays and is tried again after a rest: where the
    provider has not rotated it the mistake mends itself, and where it has, ``invalid_grant`` is the clear end.
    """
    release_connection()
    try:
        found = _request(row, refresh)
    except (RefreshRefused, OtherIssuer) as refused:
        is_over = _lost(row) if isinstance(refused, RefreshRefused) else mark_dead(row, "refresh_refused") is not None
        if is_over:
            raise SignInAgain(row.provider) from None
        return _of_somebody_else(row)
    except SignInRefused as failed:
        return _failed(row, failed)
    if not store_refreshed(row, found) and not _is_stored(row):
        if not _is_signed_out(row):
            ended = RevokedTokens(provider=row.provider, issuer=row.issuer, access=found.access, refresh=found.refresh)
            enqueue([ended], reason=TokenRevocationReason.TOO_LATE)
        raise NothingStored(row.provider)
    return found.access  # good even where a sign-in has brought a newer one meanwhile


def _lost(row: TokenRow) -> bool:
    """The provider has refused the refresh token. Return whether that was still the one that counts."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)), transaction.atomic():
        upstream_logout.lock_people(row.user_id)
        is_unsure = mark_dead(row, "refresh_refused")
        if is_unsure is None:
            return False
        if is_unsure:
            upstream_logout.mark_unverified(row.upstream, person=row.user_id)
        else:
            upstream_logout.revoke_tracking(row.upstream, person=row.user_id, detail="invalid_grant")
    return True


def _failed(row: TokenRow, failed: SignInRefused) -> str:
    """End nothing: an outage and wrong set-up say nothing of the person."""
    logger.warning("tokens are not renewed: provider=%s reason=%s", row.provider, failed)
    if not mark_failing(row, failed.reason.value, is_unsure=failed.reason not in TAKES_NO_TOKEN):
        return _of_somebody_else(row)
    if failed.reason not in OUTAGES:
        _note_refusal(row, failed)
    return _stored_token(row)


def _note_refusal(row: TokenRow, refused: SignInRefused) -> None:
    """Tell the trail what waiting does not mend: an answer that is not believed, or a client that is not taken."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(
            Event.UPSTREAM_TOKENS_REFRESH_FAILED,
            provider=row.provider,
            reason=refused.reason.value,
            detail=refused.detail,
        )


def _is_stored(row: TokenRow) -> bool:
    """Whether the pair is kept still: its person may have left while the provider was asked."""
    return fetch_one('SELECT 1 FROM "providers_upstreamtokens" WHERE id = %s', [row.id]) is not None


def _is_signed_out(row: TokenRow) -> bool:
    """Whether a pair went by a plain sign-out, after which its provider's session is left alone (ADR 36)."""
    return fetch_one(STANDS, [row.identity_id, row.not_before]) is not None


def _of_somebody_else(row: TokenRow) -> str:
    """Somebody has written a newer pair while we asked about ours, or has heard what we have heard."""
    return _stored_token(row)


def _stored_token(row: TokenRow) -> str:
    """Return the access token that is kept now, if it lives: the provider was asked for seconds meanwhile."""
    now = read_again(row)
    if now is None:
        raise NothingStored(row.provider)
    if now.is_dead:
        raise SignInAgain(row.provider)
    if now.is_expired:
        raise VaultUnavailable(row.provider)
    return opened(now, now.access, ACCESS)


def _request(row: TokenRow, refresh: str) -> Usable:
    """Raises RefreshRefused, OtherIssuer, SignInRefused."""
    provider = registry.enabled().get(row.provider)
    if provider is None or provider.issues_as != row.issuer:
        raise OtherIssuer
    with one_deadline():  # keys may be fetched besides, and the claim must last longer
        found = usable(provider.refreshed(refresh, subject=row.subject, nonce=_first_nonce(row)))
    if found is None:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the answer to a refresh has no access token")
    return found


def _first_nonce(row: TokenRow) -> str:
    """Return the nonce of the ID token that is kept, which was verified when it came; nothing where it has none."""
    try:
        nonce = claims_of(decrypt(row.id_token, owner=row.owner, purpose=ID)).get("nonce")
    except DecryptionFailed:
        return ""
    return nonce if isinstance(nonce, str) else ""
