"""What of the accounts is encrypted."""

from allauth.mfa.models import Authenticator

from accounts.sign_in.factors import totp
from jobs.key_rotation import Encrypted, register

register(
    Encrypted(
        rows=lambda: Authenticator.objects.filter(type=Authenticator.Type.TOTP),
        column="data",
        key="secret",
        owner=lambda row: row.user_id,
        purpose=totp.PURPOSE,
    ),
)
