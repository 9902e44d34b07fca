"""Isolation of tenants: by querysets and, beneath them, by row-level security in the database (ADR 7).

Two lines isolate a table of your own: the mixin ``TenantOwned`` on its model, and the operation
``EnableTenantIsolation`` in its migration. ``docs/tenancy.md`` shows how.
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
