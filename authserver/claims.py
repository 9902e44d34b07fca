"""What is said about a person to clients. This module alone decides it: tokens, userinfo and the preview ask it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from authserver import scopes as known
from foundation.rows import Rows, fetch_one

RESERVED = frozenset(
    {
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "at_hash", "c_hash", "s_hash", "auth_time",
        "acr", "amr", "sid", "scope", "scp", "client_id", "cnf", "act", "may_act", "events", "typ", "family",
        "client_epoch", "email", "email_verified", "name", "role", "roles", "groups", "entitlements", "tenant_id",
        "organization_ids", "org_role", "authorization_details", "token_type", "active", "username",
    }
)  # fmt: skip

BY_CLAIM = {
    "email": known.EMAIL,
    "email_verified": known.EMAIL,
    "name": known.PROFILE,
    "role": known.PROFILE,
    "tenant_id": known.PROFILE,
    "organization_ids": known.PROFILE,
    "org_role": known.PROFILE,
}  # the scope that releases each claim
PERSON = Rows(User, "u")
READ = """
    SELECT ARRAY(SELECT json_build_array(m.tenant_id, m.role_name) FROM public.tenancy_own(u.id) m), {columns}
    FROM accounts_user u WHERE u.id = %s
"""


@dataclass(frozen=True, kw_only=True)
class PersonFacts:
    """A person with the names of their roles, by tenant, and the tenant that a client's tokens are for."""

    user: User
    roles: dict[str, str]
    tenant_id: UUID | None

    @property
    def active_role(self) -> str | None:
        return self.roles.get(str(self.tenant_id)) if self.tenant_id else None


def read(user_id: UUID, tenant_id: UUID | None) -> PersonFacts | None:
    """Return what is true of a person now, in one statement, or None without an active account.

    A tenant that the person has left since counts as none.
    """
    row = fetch_one(READ.format(columns=PERSON.columns), [user_id])
    if row is None:
        return None
    user, roles = PERSON.read(row[1:]), dict(row[0])
    if not user.is_active:
        return None
    return PersonFacts(user=user, roles=roles, tenant_id=tenant_id if str(tenant_id) in roles else None)


def authorization_claims(facts: PersonFacts) -> dict[str, Any]:
    """Return what resource servers authorize by: the site-wide role, and the organizations with the active role."""
    return {
        "role": "admin" if facts.user.is_superuser else "user",
        "tenant_id": str(facts.tenant_id) if facts.tenant_id else None,
        "organization_ids": list(facts.roles),
        "org_role": facts.active_role,
    }


def identity_claims(facts: PersonFacts, scopes: Collection[str], asked: Collection[str] = ()) -> dict[str, Any]:
    """Return what scopes release about a person, besides ``sub`` (OpenID Connect Core, section 5.4).

    ``asked`` names single claims that the client asked for, and that the person agreed to (section 5.5).
    """
    found: dict[str, Any] = {}
    if facts.user.email:
        found |= {"email": facts.user.email, "email_verified": facts.user.email_verified}
    if facts.user.name:
        found["name"] = facts.user.name
    found |= authorization_claims(facts)
    return {name: value for name, value in found.items() if BY_CLAIM[name] in scopes or name in asked}
