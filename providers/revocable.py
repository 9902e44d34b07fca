"""Tokens of providers as a class of credentials, which a cut-off revokes."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import Identity
from foundation.declarations import Revocable, RevocationReason, RevocationResult
from providers.models import UpstreamTokens
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.revocation.status import not_revoked


def _revoke_tokens(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    """Make the tokens unusable here in this transaction. A task then revokes them at their providers."""
    rows = revoke_tokens(Identity.objects.filter(user__in=people), reason=TokenRevocationReason(reason.value))
    return RevocationResult(count=len(rows), follows=[str(row_id) for row_id in rows])


DECLARATIONS = [
    Revocable(
        name="upstream_tokens",
        label=_("Tokens of providers"),
        revoke=_revoke_tokens,
        alive=lambda people: UpstreamTokens.objects.filter(identity__user__in=people).count(),
        pending=not_revoked,
    ),
]
