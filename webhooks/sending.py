"""Sends one message of a webhook, signed."""

import time

from foundation.encryption import DecryptionFailed
from foundation.posting import Outcome, Result, post
from webhooks import signing
from webhooks.messages import Message
from webhooks.models import Webhook


def send(webhook: Webhook, message: Message) -> Outcome:
    timestamp = int(time.time())
    try:
        keys = signing.secrets_of(webhook)
    except DecryptionFailed:
        return Outcome(fate=Result.NOT_TAKEN, reason="the secret cannot be decrypted: rotate it")
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.sign(keys, message_id=message.id, timestamp=timestamp, body=message.body),
    }
    return post(webhook.url, message.body, headers)
