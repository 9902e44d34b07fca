"""Serializes entries for webhooks and log shippers, without personal values, which no erasure could reach there."""

from typing import Any

from audit.models import Entry, Source


def serialize(entry: Entry) -> dict[str, Any]:
    """Return an entry as a JSON-serialisable dictionary. Personal values stay replaced by "(personal)" (ADR 16)."""
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "type": entry_type(entry),
        "source": entry.source,
        "action": entry.action,
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id},
        "behind": {"kind": entry.behind_kind, "id": entry.behind_id} if entry.behind_kind else None,
        "object": {"table": entry.object_table, "id": entry.object_id} if entry.object_table else None,
        "person": entry.person,
        "tenant": entry.tenant_id,
        "request": entry.request_id and str(entry.request_id),
        "batch": entry.batch_id and str(entry.batch_id),
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
        "details": entry.details,
    }


def entry_type(entry: Entry) -> str:
    """Return an event's name, or a change's table and verb."""
    return entry.action if entry.source == Source.EVENT else f"{entry.object_table}.{entry.action}"
