"""The retention rules of the site and of tenants. ``removal`` removes the entries that are due by them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from audit.models import Retention

SITE = ""  # the tenant id of the site's rule, which applies to all tenants without their own
LONGEST = 36_500  # days: a hundred years


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """``due_until`` is the moment before which entries may be removed."""

    tenant_id: str
    days: int
    due_until: datetime | None


def rules() -> list[RetentionRule]:
    """Return all rules. The site's own comes last."""
    found = sorted(Retention.objects.values_list("tenant_id", "days"), key=lambda rule: (rule[0] == SITE, rule[0]))
    return [RetentionRule(tenant_id=tenant_id, days=days, due_until=due(tenant_id)) for tenant_id, days in found]


def set_days(tenant_id: str, days: int | None) -> None:
    """Set for how many days the entries of a tenant, or of the site, are kept. The next run of the job applies it.

    None removes the rule: then the site's rule applies to the tenant, and the site's entries are kept forever. Entries
    younger than the minimum are kept in any case.
    """
    if days is None:
        Retention.objects.filter(tenant_id=tenant_id).delete()
    else:
        Retention.objects.update_or_create(tenant_id=tenant_id, defaults={"days": days})


def minimum_days() -> int:
    return int(_one("SELECT public.audit_minimum_days()"))


def due(tenant_id: str) -> datetime | None:
    """Return the time before which a tenant's entries may be removed, or None if they are kept forever."""
    found: datetime | None = _one("SELECT public.audit_due(%s)", tenant_id)
    return found


def _one(sql: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
