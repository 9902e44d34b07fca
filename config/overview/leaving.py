"""Whether the providers are told that tokens are over."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from accounts.provider_names import name_of
from config.overview.counting import Counter
from config.overview.panel import Drawing, Mark, Panel, Table, Value
from config.overview.trail import BADLY, WELL
from providers.leaving.standing import Standing, standing


@dataclass(frozen=True, kw_only=True)
class Left:
    """What waits and what was given up, by provider; none of what was done."""

    by_provider: list[Standing]


def draw_leaving(found: Left) -> Drawing | None:
    if not found.by_provider:
        return None
    return Drawing(
        table=Table(
            heads=[_("Provider"), _("How it is"), _("Waiting"), _("Waiting since"), _("Given up")],
            rows=[_row(one) for one in found.by_provider],
        ),
        note=_("What is given up is good at the provider until it ends by itself. The trail says when and why."),
    )


def _row(one: Standing) -> list[Value]:
    return [name_of(one.provider), _how(one), one.waiting, one.since, one.given_up]


def _how(one: Standing) -> Mark:
    """A provider's trouble is one of our own words for it."""
    if one.trouble:
        return Mark(BADLY, one.trouble.replace("_", " ").capitalize())
    return Mark(WELL, _("In time"))


PANEL = Panel(
    name="leaving",
    title=_("Tokens to be revoked"),
    counter=Counter(name="leaving", kind=Left, count=lambda _before: Left(by_provider=standing())),
    draw=draw_leaving,
    empty=_("Every provider has been told which tokens are over. What waits to be told, and why, will be here."),
)
