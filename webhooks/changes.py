"""The acts of administrators on webhooks. All changes go through these functions, and the trail records them."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import Tenant, User
from audit import tail
from audit.events import Event, record
from foundation import receivers
from jobs.retry import HEALTH
from webhooks import signing
from webhooks.models import Delivery, Webhook

MOST_OF_A_TENANT = 20  # webhooks: each needs a turn, a connection and a read position in the trail of its own


class TooMany(Exception):
    """The tenant has the greatest allowed number of webhooks."""


def check_room(tenant: Tenant) -> None:
    """Check that a tenant may have one more webhook, and lock it until the transaction ends. Raises TooMany."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # serialises two creations at once
    if Webhook.objects.filter(tenant=tenant).count() >= MOST_OF_A_TENANT:
        raise TooMany


def create(webhook: Webhook, creator: User) -> str:
    """Save a new webhook and return its secret, which is shown only once. Raises TooMany.

    It receives the entries from now on.
    """
    with transaction.atomic():
        check_room(webhook.tenant)
        return _create(webhook, creator)


def _create(webhook: Webhook, creator: User) -> str:
    secret = signing.new_secret()
    webhook.created_by, webhook.secret = creator, signing.encrypted(secret, webhook)
    webhook.save()
    place = tail.current_cursor()
    webhook.position_txid, webhook.position_id = place.txid, place.id
    webhook.save(update_fields=["position_txid", "position_id"])
    _record_url(webhook)
    return secret


def change(webhook: Webhook, *, switched_on: bool, elsewhere: bool = False) -> None:
    """Save the values of the form. A webhook that is enabled again continues at once where it stopped.

    ``elsewhere`` says that the URL has changed.
    """
    columns = ["name", "url", "events", "tables", "is_active"]
    if switched_on:
        webhook.note_success()
        webhook.disabled_reason = ""
        columns += [*HEALTH, "disabled_reason"]
    webhook.save(update_fields=columns)
    if elsewhere:
        _record_url(webhook)


def rotate_secret(webhook: Webhook) -> str:
    """Give a webhook a new secret and return it, which is shown only once. The former one also signs for a day."""
    secret = signing.new_secret()
    webhook.former_secret, webhook.former_until = webhook.secret, timezone.now() + signing.OVERLAP
    webhook.secret = signing.encrypted(secret, webhook)
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    record(Event.WEBHOOK_SECRET_ROTATED, object=webhook, tenant_id=webhook.tenant_id)
    return secret


def test(webhook: Webhook) -> None:
    """Record an event that is sent to this receiver alone, in the same way as all others."""
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)
    record(Event.WEBHOOK_TESTED, object=webhook, tenant_id=webhook.tenant_id)


def retry(delivery: Delivery) -> None:
    """Retry a message now. If that fails, it is retried by the full schedule again."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now(), attempts=0)
    Webhook.objects.filter(pk=delivery.webhook_id).update(paused_until=None)
    record(Event.DELIVERY_RETRIED, object=delivery.webhook, tenant_id=delivery.tenant_id, entry=delivery.entry_id)


def discard(deliveries: Iterable[Delivery]) -> int:
    """Delete these messages unsent and return how many there were. Their entries stay in the trail."""
    count = 0
    for delivery in deliveries:
        gone, _ = Delivery.objects.filter(pk=delivery.pk).delete()
        if gone:
            count += 1
            record(
                Event.DELIVERY_DISCARDED, object=delivery.webhook, tenant_id=delivery.tenant_id, entry=delivery.entry_id
            )
    return count


def _record_url(webhook: Webhook) -> None:
    """Record only host and port, because the path and the query of a URL can contain a secret."""
    _, host, port = receivers.read(webhook.url).origin
    record(Event.WEBHOOK_URL_SET, object=webhook, tenant_id=webhook.tenant_id, host=host, port=port)
