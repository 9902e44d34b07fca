"""What administrators do with webhooks; each is written by one of these, and told by the trail."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import Tenant, User
from audit import tail
from audit.events import Event, record
from jobs.retry import HEALTH
from webhooks import receivers, signing
from webhooks.models import Delivery, Webhook

MOST_OF_A_TENANT = 20  # webhooks: each is served in turn, and has a connection and a place in the trail of its own


class TooMany(Exception):
    """A tenant has as many webhooks as one may have."""


def check_room(tenant: Tenant) -> None:
    """Hold a tenant until the transaction ends, and look whether it may have one more webhook. Raises TooMany."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # two at once wait for each other
    if Webhook.objects.filter(tenant=tenant).count() >= MOST_OF_A_TENANT:
        raise TooMany


def create(webhook: Webhook, creator: User) -> str:
    """Save a new webhook, which begins with what happens from now on, and return its secret, shown this once.

    Raises TooMany.
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
    """Save what a form filled in. One that is switched on again goes on where it stopped, at once."""
    columns = ["name", "url", "events", "tables", "is_active"]
    if switched_on:
        webhook.note_success()
        webhook.disabled_reason = ""
        columns += [*HEALTH, "disabled_reason"]
    webhook.save(update_fields=columns)
    if elsewhere:
        _record_url(webhook)


def rotate_secret(webhook: Webhook) -> str:
    """Give a webhook another secret, and return it, shown this once; the one before signs too for a day."""
    secret = signing.new_secret()
    webhook.former_secret, webhook.former_until = webhook.secret, timezone.now() + signing.OVERLAP
    webhook.secret = signing.encrypted(secret, webhook)
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    record(Event.WEBHOOK_SECRET_ROTATED, object=webhook, tenant_id=webhook.tenant_id)
    return secret


def test(webhook: Webhook) -> None:
    """Write an entry that is for this receiver alone: it goes the way that all go."""
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)
    record(Event.WEBHOOK_TESTED, object=webhook, tenant_id=webhook.tenant_id)


def retry(delivery: Delivery) -> None:
    """Let a message be tried again now, and by the whole schedule if it is not taken."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now(), attempts=0)
    Webhook.objects.filter(pk=delivery.webhook_id).update(paused_until=None)
    record(Event.DELIVERY_RETRIED, object=delivery.webhook, tenant_id=delivery.tenant_id, entry=delivery.entry_id)


def discard(deliveries: Iterable[Delivery]) -> int:
    """Send these messages no more, and return how many there were. Their entries stay in the trail."""
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
    """The trail keeps of an address what may be known: its path and its query can hold a key to what is there."""
    _, host, port = receivers.read(webhook.url).origin
    record(Event.WEBHOOK_URL_SET, object=webhook, tenant_id=webhook.tenant_id, host=host, port=port)
