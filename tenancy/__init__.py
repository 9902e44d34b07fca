"""Whose rows are whose: tenants kept apart by querysets and, beneath them, by the database (ADR 7).

A table of your own is guarded by two lines: the mixin ``TenantOwned`` on its model, and the operation
``EnableTenantIsolation`` in its migration. ``docs/tenancy.md`` shows it.
"""

from tenancy.context import person_context, site_context, tenant_context
from tenancy.isolation import EnableOwnerIsolation, EnableTenantIsolation
from tenancy.owned import PersonOwned, TenantOwned

__all__ = [
    "EnableOwnerIsolation",
    "EnableTenantIsolation",
    "PersonOwned",
    "TenantOwned",
    "person_context",
    "site_context",
    "tenant_context",
]
