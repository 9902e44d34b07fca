"""What of the accounts is encrypted."""

from allauth.mfa.models import Authenticator

from accounts.errands.doing import PURPOSE as ERRAND
from accounts.factors import totp
from accounts.models import Errand, Webhook
from accounts.rewrapping import Encrypted, register
from accounts.webhooks import signing

register(
    Encrypted(
        rows=lambda: Authenticator.objects.filter(type=Authenticator.Type.TOTP),
        column="data",
        key="secret",
        owner=lambda row: row.user_id,
        purpose=totp.PURPOSE,
    ),
    Encrypted(rows=Errand.objects.waiting, column="content", owner=lambda row: row.pk, purpose=ERRAND),
    *(
        Encrypted(
            rows=Webhook.objects.all, column=column, owner=lambda row: row.pk, purpose=signing.PURPOSE, of_tenants=True
        )
        for column in ("secret", "former_secret")
    ),
)
