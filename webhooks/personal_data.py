"""Which rows of webhooks are a person's data: none."""

from foundation.declarations import NotPersonalData

DECLARATIONS = [
    NotPersonalData("webhooks.Webhook", reason="It is the tenant's; who set it up is told by the trail."),
]
