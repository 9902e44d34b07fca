"""The mail to the creator of a webhook when it is disabled."""

import logging

from django.urls import reverse

from accounts.mailing import mail
from webhooks.models import Webhook

logger = logging.getLogger(__name__)


def notify_disabled(webhook: Webhook) -> None:
    """Mail the creator of the webhook, if they have a verified address. The console shows it in any case."""
    logger.warning("a webhook was disabled", extra={"webhook": str(webhook.pk)})
    person = webhook.created_by
    if person is None or not (person.is_active and person.email and person.email_verified and mail.is_configured()):
        return
    link = mail.absolute(reverse("admin:webhooks_webhook_change", args=[webhook.pk]))
    mail.send(person.email, "webhook_off", {"link": link})
