"""The one decider of what a caller may do: guards, the 403 for the caller and `manage.py explain` all ask it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.organizations.delegation import may_enter_admin
from accounts.sign_in.factors.enrolled import needs_second_factor_to_administer
from api.callers import Caller
from authserver import scopes, tiers
from authserver.authorization.decision import MULTIPLE
from foundation.clocks import LEEWAY_SECONDS

SITE_ADMIN = "admin"  # the site-wide role that tokens name too


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What an operation requires; everything that is given must be true.

    ``scope`` limits the credential, and ``permission`` is the right in the admin that the person, or a service's owner,
    needs in the active tenant. ``role`` is site-wide, ``org_role`` one of the roles in the active tenant. ``tenant``
    means that the caller acts in a tenant, and if the address names one, in that tenant. ``tier`` is the least tier.
    ``fresh`` is how long ago the person may have signed in, ``acr`` how. Only a person meets the last four.
    ``own`` means that the operation is about the person's own account, in all tenants; a service has none, and what a
    tenant's connection has opened does not reach it (ADR 73). ``session`` means that only a browser's session counts,
    because a program could keep what it gives after losing its access.
    """

    scope: str = ""
    permission: str = ""
    role: str = ""
    org_role: tuple[str, ...] = ()
    tenant: bool = False
    tier: str = ""
    fresh: timedelta | None = None
    acr: str = ""
    own: bool = False
    session: bool = False


Lack = Mapping[str, Any]  # one thing that the caller lacks, such as {"scope": "members:write"}


def lacks(caller: Caller, wanted: Requirement, *, named_tenant: UUID | None = None) -> list[Lack]:
    """Return everything that the caller lacks, in a fixed order. Nothing means yes.

    ``named_tenant`` is the tenant in the address. The person's active membership must be set.
    """
    found: list[Lack] = []
    if wanted.own and caller.kind != "person":
        found.append({"kind": "person"})
    if wanted.own and caller.pinned_tenant is not None:
        found.append({"unpinned": True})
    if wanted.session and caller.scopes is not None:
        found.append({"session": True})
    if wanted.scope and not _has_scope(caller, wanted.scope):
        found.append({"scope": wanted.scope})
    if wanted.permission and not _has_permission(caller, wanted.permission):
        found.append({"permission": wanted.permission})
    if wanted.role and not _has_role(caller, wanted.role):
        found.append({"role": wanted.role})
    if wanted.org_role and _org_role(caller) not in wanted.org_role:
        found.append({"org_role": list(wanted.org_role)})
    if wanted.tenant and (caller.tenant_id is None or named_tenant not in {None, caller.tenant_id}):
        found.append({"tenant": str(named_tenant or "any")})
    if wanted.tier and not _has_tier(caller, wanted.tier):
        found.append({"tier": wanted.tier})
    return found + _lacks_of_sign_in(caller, wanted)


def _lacks_of_sign_in(caller: Caller, wanted: Requirement) -> list[Lack]:
    """Return what another sign-in would give (RFC 9470)."""
    acr = wanted.acr or (MULTIPLE if _needs_factor(caller, wanted) else "")
    if wanted.fresh is None and not acr:
        return []
    how = caller.last_sign_in() if caller.last_sign_in else None
    found: list[Lack] = []
    oldest = timezone.now() - (wanted.fresh or timedelta()) - timedelta(seconds=LEEWAY_SECONDS)
    if wanted.fresh is not None and (how is None or how.at < oldest):
        found.append({"fresh": int(wanted.fresh.total_seconds())})
    if acr and (how is None or how.acr != acr):
        found.append({"acr": acr})
    return found


def _needs_factor(caller: Caller, wanted: Requirement) -> bool:
    """Whether the rights of an administrator are used by a sign-in that must have had a second factor, as in the admin.

    Keys and certificates come of no sign-in: who created one had verified their factor then.
    """
    if not (wanted.permission or wanted.role) or caller.last_sign_in is None or caller.person is None:
        return False
    return needs_second_factor_to_administer(caller.person)


def _has_scope(caller: Caller, scope: str) -> bool:
    return caller.scopes is None or scopes.holds(caller.scopes, scope, caller.tenant_id)


def _has_permission(caller: Caller, permission: str) -> bool:
    """Whether the person, or a service's owner, may enter the admin and has the right there, by this credential."""
    person = caller.with_rights
    return person is not None and may_enter_admin(person) and person.has_perm(permission)


def _has_role(caller: Caller, role: str) -> bool:
    """Whether the caller has the site-wide role: a superuser, by a credential that is for no tenant."""
    return role == SITE_ADMIN and caller.is_site_wide


def _has_tier(caller: Caller, tier: str) -> bool:
    """Whether a person has at least this tier, which the site gives: what is pinned to a tenant has none."""
    return caller.kind == "person" and caller.pinned_tenant is None and tiers.reaches(caller.id, tier)


def _org_role(caller: Caller) -> str | None:
    membership = caller.person.active_membership if caller.person and caller.kind == "person" else None
    return membership.role_name if membership and membership.tenant_id == caller.tenant_id else None
