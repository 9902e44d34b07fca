"""For how long entries are kept, as it was said: ``removing`` removes what is due by it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from audit.models import Retention

SITE = ""  # whose rule is that of everybody who has none
LONGEST = 36_500  # days: a hundred years


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """``due_until`` is the moment before which entries may be removed."""

    tenant_id: str
    days: int
    due_until: datetime | None


def rules() -> list[RetentionRule]:
    """Return what was said, the site's own last."""
    said = sorted(Retention.objects.values_list("tenant_id", "days"), key=lambda rule: (rule[0] == SITE, rule[0]))
    return [RetentionRule(tenant_id=tenant_id, days=days, due_until=due(tenant_id)) for tenant_id, days in said]


def set_days(tenant_id: str, days: int | None) -> None:
    """Keep a tenant's entries, or the site's, for so many days, from the next run of the job on.

    None takes the rule away: then a tenant's are kept as the site says, and the site's for good. What is younger than
    the minimum stays, whatever is said.
    """
    if days is None:
        Retention.objects.filter(tenant_id=tenant_id).delete()
    else:
        Retention.objects.update_or_create(tenant_id=tenant_id, defaults={"days": days})


def minimum_days() -> int:
    return int(_one("SELECT public.audit_minimum_days()"))


def due(tenant_id: str) -> datetime | None:
    """Return until when a tenant's entries may be removed; None where they are kept for good."""
    found: datetime | None = _one("SELECT public.audit_due(%s)", tenant_id)
    return found


def _one(sql: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
