"""The acts by which our tokens at a provider end: each takes them out of the vault, and most note that they be revoked.

A plain sign-out only forgets them: revoking would end the provider's own session, in which the person may be at work
elsewhere (ADR 36). Tokens that work without the person are revoked by it too: they end with no session there (ADR 40).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from accounts.models import Identity
from accounts.sessions.last_session import last_session_ended
from providers import registry
from providers.models import TokenHealth
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from providers.vault.storage import StoredTokens, pop, pop_unused


def revoke_tokens(
    identities: Iterable[Identity], *, reason: TokenRevocationReason, sid: str | None = None
) -> list[UUID]:
    """End our tokens of these identities: for our code at once, at their providers as soon as a job has told them.

    With a ``sid`` those of one session at their provider. Call it in the transaction of the act. The ids are those of
    the outbox's rows (``standing.not_revoked``).
    """
    known = {identity.pk: identity for identity in identities}
    if not known:
        return []
    with transaction.atomic():
        _lock(known)
        ended = [
            _ended(known[kept.identity_id], kept, may_come_back=reason is TokenRevocationReason.SIGNED_OUT and not sid)
            for kept in pop(known.values(), sid=sid)
        ]
        return enqueue(ended, reason=reason) if ended else []


def _lock(identities: Iterable[int]) -> None:
    """Lock in the order in which a sign-in does, first the identity and then its tokens, or the two wait for ever."""
    list(Identity.objects.select_for_update().filter(pk__in=identities).order_by("pk").values_list("pk"))


@receiver(last_session_ended, dispatch_uid="forget their tokens")
def drop_tokens(people: list[UUID], but: list[str], **_: Any) -> None:
    """Keep no tokens of sessions at providers that nobody here is signed in by any more."""
    with transaction.atomic():
        known = {identity.pk: identity for identity in Identity.objects.filter(user_id__in=people)}
        _lock(known)  # a sign-in under way holds its own: what it keeps is seen afterwards
        gone = [(known[one.identity_id], one) for one in pop_unused(known.values(), but=but)]
        ended = [
            _ended(identity, kept, may_come_back=True, sid=kept.sid)
            for identity, kept in gone
            if _works_without_them(identity, kept)
        ]
        if ended:
            enqueue(ended, reason=TokenRevocationReason.SIGNED_OUT)


def _ended(identity: Identity, stored: StoredTokens, *, may_come_back: bool, sid: str = "") -> RevokedTokens:
    return RevokedTokens(
        provider=identity.provider,
        issuer=identity.issuer,
        identity_id=identity.pk if may_come_back else None,
        sid=sid,
        access=stored.access,
        refresh=stored.refresh,
    )


def _works_without_them(identity: Identity, stored: StoredTokens) -> bool:
    """Whether tokens are good at their provider until somebody says otherwise. Those that are over need no word."""
    provider = registry.enabled().get(identity.provider)
    is_offline = provider is not None and provider.is_offline(stored.scopes)
    return is_offline and stored.health != TokenHealth.DEAD


@receiver(pre_delete, sender=Identity, dispatch_uid="leave the provider of an identity")
def _revoke_with_an_identity(instance: Identity, **_: Any) -> None:
    """However an identity goes: what the vault holds for it would go along without a word."""
    revoke_tokens([instance], reason=TokenRevocationReason.REMOVED)
