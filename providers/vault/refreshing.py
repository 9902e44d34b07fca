"""Refreshing a claimed pair of tokens, and what a refusal means for the sessions that follow it.

The provider is called outside of any transaction. The answer is only written over the version that was read, so a newer
pair is never overwritten, and the refusal of an older refresh token does not affect newer ones. If the process is
killed between the answer and the write, the claim expires, and the next caller finds out whether the old refresh token
is still valid.

``invalid_grant`` means that the provider's session has ended or the person has lost access, so the sessions that follow
it are revoked (ADR 35). After a lost answer it means nothing, because that answer may have contained a newer refresh
token. The person is then redirected to the provider to confirm the session.
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
        RefusalReason.PROVIDER_NOT_PUBLIC,
        RefusalReason.PROVIDER_ANSWER_INVALID,
        RefusalReason.METADATA_INVALID,
    }
)
TAKES_NO_TOKEN = frozenset(  # the refresh token was not sent, or our client itself was refused
    {
        RefusalReason.PROVIDER_OFF,
        RefusalReason.PROVIDER_BUSY,
        RefusalReason.METADATA_INVALID,
        RefusalReason.CLIENT_REFUSED,
    }
)
ACCOUNT_UNCHANGED = """
    SELECT i.id FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id
    WHERE i.id = %s AND u.is_active AND u.not_before IS NOT DISTINCT FROM %s
"""


class OtherIssuer(Exception):
    """The pair cannot be refreshed: it was issued by another issuer than the one configured now."""


def refresh_tokens(row: TokenRow, refresh: str) -> str:
    """Call the provider, as the only holder of the claim, and return the new access token.

    A refusal is ignored if the pair has been replaced meanwhile. If it has been deleted, the new tokens are enqueued
    for revocation, except after a plain sign-out. Nothing of an invalid answer is stored: the old pair stays and is
    retried after a delay. If the provider has not rotated the refresh token, the retry succeeds; otherwise it ends with
    ``invalid_grant``. Raises a TokenUnavailable.
    """
    release_connection()
    try:
        found = _request(row, refresh)
    except (RefreshRefused, OtherIssuer) as refused:
        is_over = _lost(row) if isinstance(refused, RefreshRefused) else mark_dead(row, "refresh_refused") is not None
        if is_over:
            raise SignInAgain(row.provider) from None
        return _stored_by_another(row)
    except SignInRefused as failed:
        return _failed(row, failed)
    if not store_refreshed(row, found) and not _is_stored(row):
        if not _is_signed_out(row):
            ended = RevokedTokens(provider=row.provider, issuer=row.issuer, access=found.access, refresh=found.refresh)
            enqueue([ended], reason=TokenRevocationReason.TOO_LATE)
        raise NothingStored(row.provider)
    return found.access  # valid even if a sign-in has stored a newer one meanwhile


def _lost(row: TokenRow) -> bool:
    """Handle a refused refresh token. Return False if the pair has been replaced meanwhile, so nothing is lost."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)), transaction.atomic():
        upstream_logout.lock_people(row.user_id)
        is_unverified = mark_dead(row, "refresh_refused")
        if is_unverified is None:
            return False
        if is_unverified:
            upstream_logout.mark_unverified(row.upstream, person=row.user_id)
        else:
            upstream_logout.revoke_tracking(row.upstream, person=row.user_id, detail="invalid_grant")
    return True


def _failed(row: TokenRow, failed: SignInRefused) -> str:
    """Note the failure and return the stored token if it is still valid.

    No session is ended: neither an outage nor a wrong configuration says anything about the person.
    """
    logger.warning("tokens were not refreshed: provider=%s reason=%s", row.provider, failed)
    if not mark_failing(row, failed.reason.value, is_unverified=failed.reason not in TAKES_NO_TOKEN):
        return _stored_by_another(row)
    if failed.reason not in OUTAGES:
        _note_refusal(row, failed)
    return _stored_token(row)


def _note_refusal(row: TokenRow, refused: SignInRefused) -> None:
    """Record a failure that does not pass by itself: an invalid answer, or a refusal of our client."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(
            Event.UPSTREAM_TOKENS_REFRESH_FAILED,
            provider=row.provider,
            reason=refused.reason.value,
            detail=refused.detail,
        )


def _is_stored(row: TokenRow) -> bool:
    """Return whether the pair still exists: the person may have signed out while the provider was called."""
    return fetch_one('SELECT 1 FROM "providers_upstreamtokens" WHERE id = %s', [row.id]) is not None


def _is_signed_out(row: TokenRow) -> bool:
    """Return whether a plain sign-out removed the pair; the provider's session must then be left alone (ADR 36)."""
    return fetch_one(ACCOUNT_UNCHANGED, [row.identity_id, row.not_before]) is not None


def _stored_by_another(row: TokenRow) -> str:
    """Return the token that another process has stored meanwhile. Raises SignInAgain if it had the same refusal."""
    return _stored_token(row)


def _stored_token(row: TokenRow) -> str:
    """Return the access token that is stored now, if it is valid: it may have changed during the call."""
    now = read_again(row)
    if now is None:
        raise NothingStored(row.provider)
    if now.is_dead:
        raise SignInAgain(row.provider)
    if now.is_expired:
        raise VaultUnavailable(row.provider)
    return opened(now, now.access, ACCESS)


def _request(row: TokenRow, refresh: str) -> Usable:
    """Return the provider's new tokens. Raises RefreshRefused, OtherIssuer, SignInRefused."""
    provider = registry.find(row.provider)
    if provider is None or provider.issues_as != row.issuer:
        raise OtherIssuer
    with one_deadline():  # includes fetching keys; the lease must be longer
        found = usable(provider.refreshed(refresh, subject=row.subject, nonce=_first_nonce(row)))
    if found is None:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the answer to a refresh has no access token")
    return found


def _first_nonce(row: TokenRow) -> str:
    """Return the nonce of the stored ID token, which was verified on arrival, or "" if it has none."""
    try:
        nonce = claims_of(decrypt(row.id_token, owner=row.owner, purpose=ID)).get("nonce")
    except DecryptionFailed:
        return ""
    return nonce if isinstance(nonce, str) else ""
