"""The encrypted columns of the webhooks."""

from foundation.declarations import Encrypted
from webhooks import signing

DECLARATIONS = [
    Encrypted("webhooks.Webhook", column=column, purpose=signing.PURPOSE) for column in ("secret", "former_secret")
]
