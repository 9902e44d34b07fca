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
from accounts.sessions.last_session import signed_out
from providers import registry
from providers.models import Health
from providers.revocation.outbox import Because, Ended, note
from providers.vault.storage import Kept, take_out, take_out_unfollowed


def leave(identities: Iterable[Identity], *, because: Because, sid: str | None = None) -> list[UUID]:
    """End our tokens of these identities: for our code at once, at their providers as soon as a job has told them.

    With a ``sid`` those of one session at their provider. Call it in the transaction of the act. The ids are those of
    the outbox's rows (``standing.not_revoked``).
    """
    known = {identity.pk: identity for identity in identities}
    if not known:
        return []
    with transaction.atomic():
        _hold(known)
        ended = [
            _ended(known[kept.identity_id], kept, may_come_back=because is Because.SIGNED_OUT and not sid)
            for kept in take_out(known.values(), sid=sid)
        ]
        return note(ended, because=because) if ended else []


def _hold(identities: Iterable[int]) -> None:
    """Lock in the order in which a sign-in does, first the identity and then its tokens, or the two wait for ever."""
    list(Identity.objects.select_for_update().filter(pk__in=identities).order_by("pk").values_list("pk"))


@receiver(signed_out, dispatch_uid="forget their tokens")
def forget(people: list[UUID], but: list[str], **_: Any) -> None:
    """Keep no tokens of sessions at providers that nobody here is signed in by any more."""
    with transaction.atomic():
        known = {identity.pk: identity for identity in Identity.objects.filter(user_id__in=people)}
        _hold(known)  # a sign-in under way holds its own: what it keeps is seen afterwards
        gone = [(known[one.identity_id], one) for one in take_out_unfollowed(known.values(), but=but)]
        ended = [
            _ended(identity, kept, may_come_back=True, sid=kept.sid)
            for identity, kept in gone
            if _works_without_them(identity, kept)
        ]
        if ended:
            note(ended, because=Because.SIGNED_OUT)


def _ended(identity: Identity, kept: Kept, *, may_come_back: bool, sid: str = "") -> Ended:
    return Ended(
        provider=identity.provider,
        issuer=identity.issuer,
        identity_id=identity.pk if may_come_back else None,
        sid=sid,
        access=kept.access,
        refresh=kept.refresh,
    )


def _works_without_them(identity: Identity, kept: Kept) -> bool:
    """Whether tokens are good at their provider until somebody says otherwise. Those that are over need no word."""
    provider = registry.enabled().get(identity.provider)
    is_offline = provider is not None and provider.is_offline(kept.scopes)
    return is_offline and kept.health != Health.DEAD


@receiver(pre_delete, sender=Identity, dispatch_uid="leave the provider of an identity")
def _leave_with_an_identity(instance: Identity, **_: Any) -> None:
    """However an identity goes: what the vault holds for it would go along without a word."""
    leave([instance], because=Because.REMOVED)
