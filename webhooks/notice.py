"""Word to whoever made a webhook that it was switched off."""

import logging

from django.urls import reverse

from accounts.mailing import mail
from webhooks.models import Webhook

logger = logging.getLogger(__name__)


def notify_disabled(webhook: Webhook) -> None:
    """Mail whoever made it, if we know a verified address of theirs; the admin says it in any case."""
    logger.warning("a webhook was switched off", extra={"webhook": str(webhook.pk)})
    person = webhook.created_by
    if person is None or not (person.is_active and person.email and person.email_verified and mail.is_configured()):
        return
    link = mail.absolute(reverse("admin:webhooks_webhook_change", args=[webhook.pk]))
    mail.send(person.email, "webhook_off", {"link": link})
