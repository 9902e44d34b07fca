"""What the providers gave us for a person, as a class of what opens something for them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.cut_off import Credentials, register
from accounts.models import Identity
from accounts.sessions import Because as Ending
from providers.leaving.acts import leave
from providers.leaving.outbox import Because
from providers.models import UpstreamTokens

BECAUSE = {
    Ending.CUT_OFF: Because.CUT_OFF,
    Ending.DEACTIVATED: Because.DEACTIVATED,
    Ending.ERASED: Because.ERASED,
}


def _end_tokens(people: Sequence[UUID], because: Ending) -> int:
    """For our code they are dead with this transaction; their providers are told by a job."""
    return len(leave(Identity.objects.filter(user__in=people), because=BECAUSE.get(because, Because.REMOVED)))


register(
    Credentials(
        name="upstream_tokens",
        label=_("Tokens of providers"),
        end=_end_tokens,
        alive=lambda people: UpstreamTokens.objects.filter(identity__user__in=people).count(),
    )
)
