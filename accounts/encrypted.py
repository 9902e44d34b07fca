"""The encrypted columns of the accounts."""

from allauth.mfa.models import Authenticator

from accounts.sign_in.factors import totp
from foundation.declarations import Encrypted

DECLARATIONS = [
    Encrypted(
        "mfa.Authenticator",
        column="data",
        key="secret",
        purpose=totp.PURPOSE,
        owner=lambda row: row.user_id,
        rows=lambda: Authenticator.objects.filter(type=Authenticator.Type.TOTP),
    ),
]
