"""The acts by which our tokens at a provider end: each takes them out of the vault and notes that they be revoked."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from accounts.leaving import people_left
from accounts.models import Identity
from providers.leaving.outbox import Because, Ended, note
from providers.vault.keeping import take_out


def leave(identities: Iterable[Identity], *, because: Because) -> list[UUID]:
    """End our tokens of these identities: for our code at once, at their providers as soon as a job has told them.

    Call it in the transaction of the act. The ids are those of the outbox's rows (``standing.not_revoked``).
    """
    known = {identity.pk: identity for identity in identities}
    if not known:
        return []
    with transaction.atomic():
        _hold(known)
        ended = [
            Ended(
                provider=known[kept.identity_id].provider,
                issuer=known[kept.identity_id].issuer,
                identity_id=kept.identity_id if because is Because.SIGNED_OUT else None,
                access=kept.access,
                refresh=kept.refresh,
            )
            for kept in take_out(known.values())
        ]
        return note(ended, because=because) if ended else []


def _hold(identities: Iterable[int]) -> None:
    """Lock in the order in which a sign-in does, first the identity and then its tokens, or the two wait for ever."""
    list(Identity.objects.select_for_update().filter(pk__in=identities).order_by("pk").values_list("pk"))


@receiver(people_left, dispatch_uid="leave their providers")
def _leave_with_people(people: list[UUID], **_: Any) -> None:
    leave(Identity.objects.filter(user_id__in=people), because=Because.SIGNED_OUT)


@receiver(pre_delete, sender=Identity, dispatch_uid="leave the provider of an identity")
def _leave_with_an_identity(instance: Identity, **_: Any) -> None:
    """However an identity goes: what the vault holds for it would go along without a word."""
    leave([instance], because=Because.REMOVED)
