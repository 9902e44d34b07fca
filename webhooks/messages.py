"""The message that is sent for an entry, and the filter of entries that a webhook wants."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from audit.events import Event
from audit.models import Entry, Source
from audit.serialization import entry_type, serialize
from webhooks.models import Webhook

LARGEST_BODY = 256 * 1024  # bytes; a larger message is sent without the values of the entry
VALUES = ("before", "after", "details")
OF_WEBHOOKS = (Event.DELIVERY_FAILED, Event.WEBHOOK_DISABLED)  # never sent: their failure would cause the next one


@dataclass(frozen=True, kw_only=True)
class Message:
    """One entry for one receiver. Its id is the same however often it is sent, so that receivers can deduplicate."""

    id: str
    kind: str
    body: bytes


def message(entry: Entry, webhook: Webhook) -> Message:
    data = serialize(entry)
    body = _written(entry, data)
    if len(body) > LARGEST_BODY:
        left_out = dict.fromkeys(VALUES) | {"left_out": [name for name in VALUES if data[name] is not None]}
        body = _written(entry, data | left_out)
    return Message(id=message_id(webhook.pk, entry.pk), kind=entry_type(entry), body=body)


def message_id(webhook_id: UUID, entry_id: int) -> str:
    return f"msg_{uuid5(webhook_id, str(entry_id)).hex}"


def wanted(webhook: Webhook) -> Q:
    """Return the filter for a webhook: entries of its tenant of the chosen kinds, and its own test event."""
    own_test = Q(action=Event.WEBHOOK_TESTED, object_id=str(webhook.pk))
    chosen = Q()
    if webhook.events or webhook.tables:
        events = Q(source=Source.EVENT, action__in=webhook.events)
        chosen = events | (~Q(source=Source.EVENT) & Q(object_table__in=webhook.tables))
    others = ~Q(action__in=(Event.WEBHOOK_TESTED, *OF_WEBHOOKS))
    return Q(tenant_id=str(webhook.tenant_id)) & ((chosen & others) | own_test)


def _written(entry: Entry, data: object) -> bytes:
    envelope = {"type": entry_type(entry), "timestamp": entry.at.isoformat(), "data": data}
    return json.dumps(envelope, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()
