"""What of the webhooks is encrypted."""

from jobs.key_rotation import Encrypted, register
from webhooks import signing
from webhooks.models import Webhook

register(
    *(
        Encrypted(
            rows=Webhook.objects.all, column=column, owner=lambda row: row.pk, purpose=signing.PURPOSE, of_tenants=True
        )
        for column in ("secret", "former_secret")
    )
)
