"""The active membership: the person's tenant in this request, with what permissions and pages need of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from foundation.rows import fetch_prepared

ENTER = "SELECT * FROM public.tenancy_enter(%s, %s, %s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveMembership:
    """A person's membership with what its role allows. ``tenants`` is the number of tenants they belong to."""

    tenant_id: UUID
    tenant_name: str
    role_id: int
    role_name: str
    permissions: frozenset[str]
    scopes: frozenset[str]
    tenants: int

    @classmethod
    def of(cls, row: Sequence[Any]) -> "ActiveMembership | None":
        """Read the columns of the database's functions, which are all NULL for a person without a membership."""
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


def set_context(person_id: UUID, wanted: UUID | None, *, pinned: UUID | None) -> ActiveMembership | None:
    """Set this transaction's row-level-security context and return the person's active membership, if any.

    That is the membership in the ``wanted`` tenant, else the primary one, else the oldest one. If the person is
    ``pinned``, it is only ever the one in that tenant (ADR 73). Outside a transaction this only returns the membership.
    """
    row = fetch_prepared(ENTER, [person_id, wanted, pinned])
    return ActiveMembership.of(row) if row else None
