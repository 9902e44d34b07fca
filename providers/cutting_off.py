"""What the providers gave us for a person, as a class of what opens something for them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.cut_off import Credentials, Ended, register
from accounts.models import Identity
from accounts.sessions import Because
from providers import vault
from providers.models import UpstreamTokens


def _end_tokens(people: Sequence[UUID], _because: Because) -> Ended:
    return Ended(count=len(vault.take_out(Identity.objects.filter(user__in=people))))


register(
    Credentials(
        name="upstream_tokens",
        label=_("Tokens of providers"),
        end=_end_tokens,
        alive=lambda people: UpstreamTokens.objects.filter(identity__user__in=people).count(),
    )
)
