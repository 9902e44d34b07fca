"""What a person is in the tenant where they act now: everything that permissions and pages ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from foundation.rows import fetch_one

ENTER = "SELECT * FROM public.tenancy_enter(%s, %s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveMembership:
    """A person's membership with what its role allows. ``tenants`` counts all that they belong to."""

    tenant_id: UUID
    tenant_name: str
    role_id: int
    role_name: str
    permissions: frozenset[str]
    scopes: frozenset[str]
    tenants: int

    @classmethod
    def of(cls, row: Sequence[Any]) -> "ActiveMembership | None":
        """Read the columns of the database's functions, which are all NULL for somebody who belongs nowhere."""
        tenant_id, tenant_name, role_id, role_name, permissions, scopes, tenants = row
        if tenant_id is None:
            return None
        return cls(
            tenant_id=tenant_id,
            tenant_name=tenant_name,
            role_id=role_id,
            role_name=role_name,
            permissions=frozenset(permissions),
            scopes=frozenset(scopes),
            tenants=tenants,
        )


def set_context(person_id: UUID, wanted: UUID | None) -> ActiveMembership | None:
    """Tell the transaction for whom it works, and return their standing in the tenant that they want, if any.

    They are let into the wanted tenant while they belong to it, else into their primary one, else into the one
    they joined first. Outside a transaction this only tells the standing.
    """
    row = fetch_one(ENTER, [person_id, wanted])
    return ActiveMembership.of(row) if row else None
