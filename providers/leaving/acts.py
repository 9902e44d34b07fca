"""The acts by which our tokens at a provider end: each takes them out of the vault, and most note that they be revoked.

A plain sign-out only forgets them: revoking would end the provider's own session, in which the person may be at work
elsewhere (ADR 36).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from accounts.leaving import signed_out
from accounts.models import Identity
from accounts.rows import change
from providers.leaving.outbox import Because, Ended, note
from providers.vault.keeping import take_out

# Of a session at a provider goes what no session of ours, and none that waits for a second factor, follows any more.
# What belongs to no named session serves as long as its person is signed in anywhere.
FORGET = """
    DELETE FROM "providers_upstreamtokens" t USING accounts_identity i
    WHERE t.identity_id = i.id AND i.id = ANY (%(identities)s) AND NOT EXISTS (
        SELECT FROM accounts_session s
        WHERE s.expire_date > statement_timestamp() AND s.session_key <> ALL (%(but)s) AND (
            s.user_id = i.user_id AND (
                t.sid IN ('', s.upstream_sid) OR s.upstream_sessions @> jsonb_build_array(
                    jsonb_build_object('provider', i.provider, 'identity', i.id, 'sid', t.sid)
                )
            )
            OR s.waiting_for_id = i.user_id AND s.waiting_ended = '' AND s.waiting_identity_id = i.id
                AND s.upstream_sid = t.sid
        )
    )
"""


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
            Ended(
                provider=known[kept.identity_id].provider,
                issuer=known[kept.identity_id].issuer,
                identity_id=kept.identity_id if because is Because.SIGNED_OUT and not sid else None,
                access=kept.access,
                refresh=kept.refresh,
            )
            for kept in take_out(known.values(), sid=sid)
        ]
        return note(ended, because=because) if ended else []


def _hold(identities: Iterable[int]) -> None:
    """Lock in the order in which a sign-in does, first the identity and then its tokens, or the two wait for ever."""
    list(Identity.objects.select_for_update().filter(pk__in=identities).order_by("pk").values_list("pk"))


@receiver(signed_out, dispatch_uid="forget their tokens")
def forget(people: list[UUID], but: list[str], **_: Any) -> None:
    """Keep no tokens of sessions at providers that nobody here is signed in by any more, and revoke none there."""
    with transaction.atomic():
        identities = list(Identity.objects.filter(user_id__in=people).values_list("pk", flat=True))
        _hold(identities)  # a sign-in under way holds its own: what it keeps is seen afterwards
        change(FORGET, {"identities": identities, "but": but})


@receiver(pre_delete, sender=Identity, dispatch_uid="leave the provider of an identity")
def _leave_with_an_identity(instance: Identity, **_: Any) -> None:
    """However an identity goes: what the vault holds for it would go along without a word."""
    leave([instance], because=Because.REMOVED)
