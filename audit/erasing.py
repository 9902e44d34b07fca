"""Removing a person's values from beside the trail; the entries themselves stay (ADR 17)."""

import json
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db import connection

from audit.context import current
from audit.jsonable import to_jsonable

ERASE = "SELECT public.audit_erase(%s, %s)"


def erase(
    person: UUID | str,
    *,
    objects: Mapping[str, Iterable[object]],
    values: Collection[str],
    emails: Mapping[str, Mapping[str, str]],
    reason: str,
) -> int:
    """Erase a person from the side table, and return how many entries lost their values. The event says so by itself.

    ``objects`` are rows that were about them, by table; ``values`` texts that were theirs alone, such as subjects.
    ``emails`` are e-mail addresses that were, in their canonical form, each with the A-labels of its domain by their
    U-labels: the database has no IDNA, and the trail has addresses as they were given.
    """
    context = current()
    actor, behind = context.who(), context.who_is_behind()
    told = {
        "actor_kind": actor and actor.kind,
        "actor_id": actor and actor.id,
        "behind_kind": behind and behind.kind,
        "behind_id": behind and behind.id,
        "tenant_id": context.tenant_id,
        "request_id": context.request_id,
        "batch_id": context.batch_id,
        "ip_address": context.ip_address,
        "user_agent": context.user_agent,
        "reason": reason,
        "objects": {table: [str(key) for key in keys] for table, keys in objects.items()},
        "exactly": sorted({value for value in values if value}),
        "emails": sorted(emails),
        "labels": {spelled: label for labels in emails.values() for spelled, label in labels.items()},
    }
    text = json.dumps({name: to_jsonable(value) for name, value in told.items() if value}, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(ERASE, [str(person), text])
        (count,) = cursor.fetchone()
    return int(count)
