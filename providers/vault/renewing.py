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

from accounts.sessions import upstream
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.encryption import DecryptionFailed, decrypt
from foundation.rows import fetch_one, let_go
from providers import registry
from providers.refusal import Reason, SignInRefused
from providers.revocation.outbox import Because, Ended, note
from providers.tokens import RefreshRefused, Usable, claims_of, usable
from providers.upstream import one_deadline
from providers.vault.rows import NothingKept, Row, SignInAgain, TryLater, die, fail, opened, put, read_again
from providers.vault.storage import ACCESS, ID

logger = logging.getLogger(__name__)

OUTAGES = frozenset(
    {Reason.PROVIDER_BUSY, Reason.PROVIDER_UNREACHABLE, Reason.PROVIDER_ANSWER_INVALID, Reason.METADATA_INVALID}
)
TAKES_NO_TOKEN = frozenset(  # the refresh token was not sent, or answered by a clear no to our client
    {Reason.PROVIDER_OFF, Reason.PROVIDER_BUSY, Reason.METADATA_INVALID, Reason.CLIENT_REFUSED}
)
STANDS = """
    SELECT i.id FROM accounts_identity i JOIN accounts_user u ON u.id = i.user_id
    WHERE i.id = %s AND u.is_active AND u.not_before IS NOT DISTINCT FROM %s
"""


class NotOurs(Exception):
    """The pair cannot be renewed here: another issuer gave it."""


def renewed(row: Row, refresh: str) -> str:
    """Ask the provider, as the only one. What it says of a pair that is not kept any more says nothing.

    Of an answer that is not believed nothing is kept. The old pair stays and is tried again after a rest: where the
    provider has not rotated it the mistake mends itself, and where it has, ``invalid_grant`` is the clear end.
    """
    let_go()
    try:
        found = _asked(row, refresh)
    except (RefreshRefused, NotOurs) as refused:
        is_over = _over(row) if isinstance(refused, RefreshRefused) else die(row, "refresh_refused") is not None
        if is_over:
            raise SignInAgain(row.provider) from None
        return _of_somebody_else(row)
    except SignInRefused as failed:
        return _failed(row, failed)
    if not put(row, found) and not _is_kept(row):
        if not _is_signed_out(row):
            ended = Ended(provider=row.provider, issuer=row.issuer, access=found.access, refresh=found.refresh)
            note([ended], because=Because.TOO_LATE)
        raise NothingKept(row.provider)
    return found.access  # good even where a sign-in has brought a newer one meanwhile


def _over(row: Row) -> bool:
    """The provider has refused the refresh token. Return whether that was still the one that counts."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)), transaction.atomic():
        upstream.hold(row.user_id)
        is_unsure = die(row, "refresh_refused")
        if is_unsure is None:
            return False
        if is_unsure:
            upstream.doubt_followed(row.upstream, person=row.user_id)
        else:
            upstream.end_followed(row.upstream, person=row.user_id, said="invalid_grant")
    return True


def _failed(row: Row, failed: SignInRefused) -> str:
    """End nothing: an outage and wrong set-up say nothing of the person."""
    logger.warning("tokens are not renewed: provider=%s reason=%s", row.provider, failed)
    if not fail(row, failed.reason.value, is_unsure=failed.reason not in TAKES_NO_TOKEN):
        return _of_somebody_else(row)
    if failed.reason not in OUTAGES:
        _note_refusal(row, failed)
    return _given_out(row)


def _note_refusal(row: Row, refused: SignInRefused) -> None:
    """Tell the trail what waiting does not mend: an answer that is not believed, or a client that is not taken."""
    with acting(actor=Actor(ActorKind.SERVICE, row.provider)):
        record(
            Event.UPSTREAM_TOKENS_REFRESH_FAILED,
            provider=row.provider,
            reason=refused.reason.value,
            detail=refused.detail,
        )


def _is_kept(row: Row) -> bool:
    """Whether the pair is kept still: its person may have left while the provider was asked."""
    return fetch_one('SELECT 1 FROM "providers_upstreamtokens" WHERE id = %s', [row.id]) is not None


def _is_signed_out(row: Row) -> bool:
    """Whether a pair went by a plain sign-out, after which its provider's session is left alone (ADR 36)."""
    return fetch_one(STANDS, [row.identity_id, row.not_before]) is not None


def _of_somebody_else(row: Row) -> str:
    """Somebody has written a newer pair while we asked about ours, or has heard what we have heard."""
    return _given_out(row)


def _given_out(row: Row) -> str:
    """Return the access token that is kept now, if it lives: the provider was asked for seconds meanwhile."""
    now = read_again(row)
    if now is None:
        raise NothingKept(row.provider)
    if now.is_dead:
        raise SignInAgain(row.provider)
    if now.is_over:
        raise TryLater(row.provider)
    return opened(now, now.access, ACCESS)


def _asked(row: Row, refresh: str) -> Usable:
    """Raises RefreshRefused, NotOurs, SignInRefused."""
    provider = registry.enabled().get(row.provider)
    if provider is None or provider.issues_as != row.issuer:
        raise NotOurs
    with one_deadline():  # keys may be fetched besides, and the claim must last longer
        found = usable(provider.refreshed(refresh, subject=row.subject, nonce=_first_nonce(row)))
    if found is None:
        raise SignInRefused(Reason.PROVIDER_ANSWER_INVALID, "the answer to a refresh has no access token")
    return found


def _first_nonce(row: Row) -> str:
    """Return the nonce of the ID token that is kept, which was verified when it came; nothing where it has none."""
    try:
        nonce = claims_of(decrypt(row.id_token, owner=row.owner, purpose=ID)).get("nonce")
    except DecryptionFailed:
        return ""
    return nonce if isinstance(nonce, str) else ""
