"""What is said about a person to clients. This module alone decides it: tokens, userinfo and the preview ask it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from accounts.models import User
from authserver import scopes as known
from authserver.models import Client
from authserver.reserved_claims import RESERVED
from foundation.rows import Rows, fetch_prepared

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
READ = f"""
    SELECT
        ARRAY(SELECT json_build_array(m.tenant_id, m.role_name) FROM public.tenancy_own(u.id) m),
        public.person_profile(u.id),
        {PERSON.columns}
    FROM accounts_user u WHERE u.id = %s
"""


class ProfileFact(NamedTuple):
    """What the site says about a person by a claim of its own, and the scope that releases it."""

    name: str
    value: str
    scope: str
    is_in_access_tokens: bool


@dataclass(frozen=True, kw_only=True)
class PersonFacts:
    """A person with the names of their roles, by tenant, and the tenant that a client's tokens are for."""

    user: User
    roles: dict[str, str]
    tenant_id: UUID | None
    profile: Sequence[ProfileFact] = ()

    @property
    def active_role(self) -> str | None:
        return self.roles.get(str(self.tenant_id)) if self.tenant_id else None


def read(user_id: UUID, tenant_id: UUID | None) -> PersonFacts | None:
    """Return what is true of a person now, in one statement, or None without an active account.

    A tenant that the person has left since counts as none.
    """
    row = fetch_prepared(READ, [user_id])
    if row is None:
        return None
    user, roles = PERSON.read(row[2:]), dict(row[0])
    if not user.is_active:
        return None
    profile = [ProfileFact(*found) for found in row[1] if found[0] not in RESERVED]
    tenant_id = tenant_id if str(tenant_id) in roles else None
    return PersonFacts(user=user, roles=roles, tenant_id=tenant_id, profile=profile)


def read_for(
    client: Client, user_id: UUID, tenant_id: UUID | None, *, pinned_tenant: UUID | None
) -> PersonFacts | None:
    """Return what is true of a person now, for a client.

    The client of a tenant serves its members only, and learns nothing about their other organizations (ADR 56). What
    was authorized in a pinned session serves members of that tenant only, and says what the tenant has given (ADR 73).
    """
    facts = read(user_id, tenant_id)
    if facts is not None and pinned_tenant is not None:
        if str(pinned_tenant) not in facts.roles:
            return None
        facts.user.pinned_tenant = pinned_tenant
        facts = replace(within(facts, pinned_tenant), profile=())
    if facts is None or client.tenant_id is None:
        return facts
    return within(facts, client.tenant_id) if str(client.tenant_id) in facts.roles else None


def within(facts: PersonFacts, tenant_id: UUID | None) -> PersonFacts:
    """Return what one organization may know about a person: of their organizations, itself alone."""
    return replace(facts, roles={key: role for key, role in facts.roles.items() if key == str(tenant_id)})


def authorization_claims(facts: PersonFacts) -> dict[str, Any]:
    """Return what resource servers authorize by: roles and organizations, and the site's own claims meant for them."""
    own = {fact.name: fact.value for fact in facts.profile if fact.is_in_access_tokens}
    return own | roles_of(facts)


def roles_of(facts: PersonFacts) -> dict[str, Any]:
    """Return the site-wide role, the active organization with the role there, and all organizations."""
    return {
        "role": "admin" if facts.user.is_superuser else "user",
        "tenant_id": str(facts.tenant_id) if facts.tenant_id else None,
        "organization_ids": list(facts.roles),
        "org_role": facts.active_role,
    }


def still_asked(client: Client, names: Collection[str]) -> list[str]:
    """Return those of the single claims asked for earlier that the client may still have."""
    return [name for name in names if BY_CLAIM.get(name) in client.scopes]


def identity_claims(facts: PersonFacts, scopes: Collection[str], asked: Collection[str] = ()) -> dict[str, Any]:
    """Return what scopes release about a person, besides ``sub`` (OpenID Connect Core, section 5.4).

    ``asked`` names single claims that the client asked for, and that the person agreed to (section 5.5).
    """
    found: dict[str, Any] = {}
    if facts.user.email:
        found |= {"email": facts.user.email, "email_verified": facts.user.email_verified}
    if facts.user.name:
        found["name"] = facts.user.name
    found |= roles_of(facts)
    released = {name: value for name, value in found.items() if BY_CLAIM[name] in scopes or name in asked}
    return {fact.name: fact.value for fact in facts.profile if fact.scope in scopes} | released
