"""Erasure of a person's values in the side table of the trail. The entries themselves stay (ADR 17)."""

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
    """Erase a person from the side table and return how many entries lost their values. The database records an event.

    ``objects`` maps tables to the ids of rows about the person. ``values`` are texts that only this person had, such as
    subjects. ``emails`` are the person's e-mail addresses in canonical form, each with a mapping from the U-labels of
    its domain to the A-labels: the trail has addresses as they were given, and the database cannot do IDNA.
    """
    context = current()
    actor, behind = context.who(), context.who_is_behind()
    content = {
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
    text = json.dumps({name: to_jsonable(value) for name, value in content.items() if value}, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(ERASE, [str(person), text])
        (count,) = cursor.fetchone()
    return int(count)
