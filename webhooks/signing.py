"""Signatures by which a receiver verifies that a message is ours and unchanged: Standard Webhooks, version 1.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta

from foundation.clocks import is_due
from foundation.encryption import decrypt, encrypt
from webhooks.models import Webhook

PREFIX = "whsec_"
PURPOSE = "webhook"
OVERLAP = timedelta(days=1)  # for which the former secret also signs, so that a receiver has time to change it


def new_secret() -> str:
    """Return 32 random bytes in the format that the standard's libraries expect."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def encrypted(secret: str, webhook: Webhook) -> str:
    """Encrypt a secret for its row; copied to another row it does not decrypt."""
    return encrypt(secret, owner=webhook.pk, purpose=PURPOSE)


def secrets_of(webhook: Webhook) -> list[str]:
    """Return the secrets that sign now: the current one and, for a day, the former one. Raises DecryptionFailed."""
    until = webhook.former_until
    former = webhook.former_secret if until and not is_due(until, longest=OVERLAP) else ""
    return [decrypt(kept, owner=webhook.pk, purpose=PURPOSE) for kept in (webhook.secret, former) if kept]


def sign(secrets: Iterable[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
