"""The acts that end our tokens of a provider. Each takes them out of the vault, and most enqueue their revocation.

A plain sign-out only deletes them: revoking would end the provider's own session, which the person may be using
elsewhere (ADR 36). It does revoke offline tokens, because they outlive every session at the provider (ADR 40).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from accounts.models import Identity
from accounts.sessions import UpstreamSession
from accounts.sessions.last_session import last_session_ended
from providers import registry
from providers.models import TokenHealth
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from providers.vault.storage import StoredTokens, pop, pop_unused


def revoke_tokens(
    identities: Iterable[Identity], *, reason: TokenRevocationReason, only: UpstreamSession | None = None
) -> list[UUID]:
    """End our tokens of these identities: here at once, and at their providers when a task has revoked them.

    With ``only``, just the tokens of that session at a provider. Call this in the transaction of the act. The returned
    ids are those of the rows in the outbox (``status.not_revoked``).
    """
    known = {identity.pk: identity for identity in identities}
    if not known:
        return []
    may_come_back = reason is TokenRevocationReason.SIGNED_OUT and not (only and only.sid)
    with transaction.atomic():
        _lock(known)
        ended = [
            _revoked(known[kept.identity_id], kept, may_come_back=may_come_back)
            for kept in pop(known.values(), only=only)
        ]
        return enqueue(ended, reason=reason) if ended else []


def _lock(identities: Iterable[int]) -> None:
    """Lock the identities before their tokens, the order that a sign-in uses, to avoid a deadlock."""
    list(Identity.objects.select_for_update().filter(pk__in=identities).order_by("pk").values_list("pk"))


@receiver(last_session_ended, dispatch_uid="forget their tokens")
def drop_tokens(people: list[UUID], but: list[str], **_: Any) -> None:
    """Delete the tokens of sessions at providers that no session of ours follows any more."""
    with transaction.atomic():
        known = {identity.pk: identity for identity in Identity.objects.filter(user_id__in=people)}
        _lock(known)  # a concurrent sign-in holds its identity: wait, to see its tokens
        gone = [(known[one.identity_id], one) for one in pop_unused(known.values(), but=but)]
        ended = [
            _revoked(identity, kept, may_come_back=True, sid=kept.sid)
            for identity, kept in gone
            if _is_valid_offline(kept)
        ]
        if ended:
            enqueue(ended, reason=TokenRevocationReason.SIGNED_OUT)


def _revoked(identity: Identity, stored: StoredTokens, *, may_come_back: bool, sid: str = "") -> RevokedTokens:
    return RevokedTokens(
        provider=stored.provider,
        issuer=identity.issuer,
        identity_id=identity.pk if may_come_back else None,
        sid=sid,
        access=stored.access,
        refresh=stored.refresh,
    )


def _is_valid_offline(stored: StoredTokens) -> bool:
    """Return whether the tokens stay valid at the provider until they are revoked. Dead tokens need no revocation."""
    provider = registry.find(stored.provider)
    is_offline = provider is not None and provider.is_offline(stored.scopes)
    return is_offline and stored.health != TokenHealth.DEAD


@receiver(pre_delete, sender=Identity, dispatch_uid="leave the provider of an identity")
def _revoke_with_an_identity(instance: Identity, **_: Any) -> None:
    """Revoke the tokens of a deleted identity: the cascade would delete them without a revocation."""
    revoke_tokens([instance], reason=TokenRevocationReason.REMOVED)
