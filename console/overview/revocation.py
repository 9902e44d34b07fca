"""The panel on revocations: whether tokens are revoked at their providers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import name_of
from console.overview.counting import Counter
from console.overview.panel import Drawing, Mark, OverviewPanel, Table, Value
from console.overview.refusals import in_words
from console.overview.trail import BADLY, WELL
from foundation.clocks import is_older
from providers import registry
from providers.revocation.status import RevocationStatus, revocation_status

LATE = timedelta(minutes=5)  # without a first attempt: the worker or the schedule is not running


@dataclass(frozen=True, kw_only=True)
class UnrevokedTokens:
    """Waiting and failed revocations, by provider, without those that are done."""

    by_provider: list[RevocationStatus]


def draw_revocation(found: UnrevokedTokens, at: datetime) -> Drawing | None:
    """Draw a row for every enabled provider and for any other with waiting or failed revocations."""
    known = {one.provider: one for one in found.by_provider}
    names = dict.fromkeys([*registry.of_environment(), *known])
    if not names:
        return None
    return Drawing(
        table=Table(
            heads=[_("Provider"), _("State"), _("Waiting"), _("Waiting since"), _("Given up")],
            rows=[_row(known.get(name) or RevocationStatus(provider=name), at) for name in names],
        ),
        note=_("Tokens that were given up stay valid at the provider until they expire. The trail says when and why."),
    )


def _row(one: RevocationStatus, at: datetime) -> list[Value]:
    return [name_of(one.provider), _how(one, at), one.waiting, one.since, one.given_up]


def _how(one: RevocationStatus, at: datetime) -> Mark:
    if one.detail:
        return Mark(BADLY, in_words(one.detail))
    is_late = one.since is not None and is_older(one.since, LATE, now=at)
    return Mark(BADLY, _("Late")) if is_late else Mark(WELL, _("On time"))


PANEL = OverviewPanel(
    name="revocation",
    title=_("Tokens to be revoked"),
    counter=Counter(
        name="revocation", kind=UnrevokedTokens, count=lambda _before: UnrevokedTokens(by_provider=revocation_status())
    ),
    draw=draw_revocation,
    empty=_("No provider is set up. Whether each has been told which tokens are over will be here."),
)
