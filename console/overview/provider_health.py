"""The panel on providers: whether they answer, and when the last sign-in succeeded or was refused."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.events import Event
from console.overview.panel import Drawing, Mark, OverviewPanel, Table
from console.overview.sign_ins import SIGN_INS, SignIns, provider_of
from providers import health
from providers.health import Reach

LABELS = {Reach.ANSWERS: _("Answered"), Reach.SILENT: _("Not usable"), Reach.UNASKED: _("Not asked yet")}


def draw_health(counted: SignIns | None) -> Drawing | None:
    """Draw the panel. The health of providers is in memory and always shown; sign-ins must be counted first."""
    succeeded = _latest(counted, Event.SIGN_IN_SUCCEEDED)
    refused = _latest(counted, Event.SIGN_IN_REFUSED)
    providers = health.of_all()
    if not providers:
        return None
    return Drawing(
        table=Table(
            heads=[_("Provider"), _("Last call"), _("Last sign-in"), _("Last refusal")],
            rows=[
                [
                    provider.name,
                    Mark(provider.reach.value, LABELS[provider.reach], provider.asked_at),
                    succeeded.get(provider.id),
                    refused.get(provider.id),
                ]
                for provider in providers
            ],
        ),
        note=_("Calls are those of the process that made this page. It waits for no provider."),
    )


def _latest(counted: SignIns | None, event: Event) -> dict[str, datetime]:
    tallies = sorted(counted.of(event), key=lambda tally: tally.latest) if counted else []
    return {provider_of(tally): tally.latest for tally in tallies}


PANEL = OverviewPanel(
    name="providers",
    title=_("Providers"),
    counter=SIGN_INS,
    draw=lambda counted, _at: draw_health(counted),
    bare=lambda: draw_health(None),
    empty=_("No provider is set up. Each that has a client id in the environment will be here, with how it is."),
)
