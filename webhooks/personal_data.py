"""No rows of webhooks are personal data."""

from foundation.declarations import NotPersonalData

DECLARATIONS = [
    NotPersonalData("webhooks.Webhook", reason="It is the tenant's; the trail has who created it."),
]
