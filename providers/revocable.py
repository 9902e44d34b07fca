"""What the providers gave us for a person, as a class of what opens something for them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.cut_off import Credentials, Ended, register
from accounts.models import Identity
from accounts.sessions import Because as Ending
from providers.models import UpstreamTokens
from providers.revocation.acts import leave
from providers.revocation.outbox import Because
from providers.revocation.status import not_revoked

BECAUSE = {
    Ending.CUT_OFF: Because.CUT_OFF,
    Ending.DEACTIVATED: Because.DEACTIVATED,
    Ending.ERASED: Because.ERASED,
}


def _end_tokens(people: Sequence[UUID], because: Ending) -> Ended:
    """For our code they are dead with this transaction; that their providers are told follows, by a job."""
    rows = leave(Identity.objects.filter(user__in=people), because=BECAUSE.get(because, Because.REMOVED))
    return Ended(count=len(rows), follows=[str(row_id) for row_id in rows])


register(
    Credentials(
        name="upstream_tokens",
        label=_("Tokens of providers"),
        end=_end_tokens,
        alive=lambda people: UpstreamTokens.objects.filter(identity__user__in=people).count(),
        pending=not_revoked,
    )
)
