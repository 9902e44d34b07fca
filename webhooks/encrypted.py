"""What of the webhooks is encrypted."""

from foundation.declarations import Encrypted
from webhooks import signing

DECLARATIONS = [
    Encrypted("webhooks.Webhook", column=column, purpose=signing.PURPOSE) for column in ("secret", "former_secret")
]
