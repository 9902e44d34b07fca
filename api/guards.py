"""Guards: what an operation requires of its caller, written where the operation is.

    @router.get("/tenants/{tenant_id}/members", auth=requires(scope="members:read", tenant=True))
    def members(request, tenant_id): ...

A guard authenticates the caller, begins the transaction of the request in the caller's tenant, and asks the decider.
"""

import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest

from accounts.models.active_membership import set_context
from accounts.organizations.middleware import WorkingRequest, afterwards
from accounts.sign_in import rate_limits
from api import credentials, events
from api.callers import Caller
from api.problems import FORBIDDEN, STEP_UP_REQUIRED, ApiError
from api.refusals import challenge
from api.rights import Lack, Requirement, lacks
from audit.context import acting
from audit.events import record
from tenancy.context import Scope, request_context, set_scope

logger = logging.getLogger(__name__)

DURATION = re.compile(r"(\d+)([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
OF_SIGN_IN = frozenset({"fresh", "acr"})  # what another sign-in would give


class Guard:
    """What an operation requires. ninja calls it with the request, and keeps the caller as ``request.auth``."""

    def __init__(self, requirement: Requirement | None) -> None:
        self.requirement = requirement

    def __call__(self, request: HttpRequest) -> Caller:
        """Return the caller, if nothing is lacking. Raises ApiError."""
        caller = credentials.authenticate(request)
        if self.requirement is None:
            return caller
        enter(request, caller, in_tenant=not self.requirement.own)
        if found := lacks(caller, self.requirement, named_tenant=_named_tenant(request)):
            raise _refusal(request, caller, found)
        return caller


ANYBODY = Guard(None)
"""Any valid credential, for what reads only the caller: no transaction is begun."""


def requires(  # noqa: PLR0913  # each is one word of a guard, given by name
    *,
    scope: str = "",
    permission: str = "",
    role: str = "",
    org_role: str | Sequence[str] = (),
    tenant: bool = False,
    tier: str = "",
    fresh: str = "",
    acr: str = "",
    own: bool = False,
    session: bool = False,
) -> Guard:
    """Return a guard; ``api.rights.Requirement`` explains the words. ``fresh`` is a duration: ``"10m"``, ``"1h"``.

    Raises ValueError for another duration.
    """
    roles = (org_role,) if isinstance(org_role, str) else tuple(org_role)
    return Guard(
        Requirement(
            scope=scope,
            permission=permission,
            role=role,
            org_role=tuple(name for name in roles if name),
            tenant=tenant,
            tier=tier,
            fresh=_duration(fresh) if fresh else None,
            acr=acr,
            own=own,
            session=session,
        )
    )


def enter(request: HttpRequest, caller: Caller, *, in_tenant: bool = True) -> None:
    """Begin the request's transaction, with access to the rows of the caller's tenant, or to a person's own in all.

    The transaction ends after the response; a problem rolls it back.
    """
    work = cast("WorkingRequest", request).work
    work.stack.enter_context(acting(actor=caller.actor, behind=caller.behind))
    work.stack.enter_context(request_context(partial(scope_of if in_tenant else _own_scope_of, caller)))
    work.is_in_transaction = True


def scope_of(caller: Caller) -> Scope:
    """Set the database's context. In a tenant that the person has left since, they have no rights and see nothing.

    The owner of a service has their rights read here, but not their own rows.
    """
    membership = None
    if caller.person and caller.tenant_id:
        membership = set_context(caller.person.pk, caller.tenant_id, pinned=caller.person.pinned_tenant)
    if membership is not None and membership.tenant_id != caller.tenant_id:
        membership = None
    if caller.person is not None:
        caller.person.active_membership = membership
    return set_scope(
        Scope(
            tenant_id=membership.tenant_id if membership else None,
            person_id=_with_own_rows(caller),
        )
    )


def _own_scope_of(caller: Caller) -> Scope:
    return set_scope(Scope(person_id=_with_own_rows(caller)))


def _with_own_rows(caller: Caller) -> UUID | None:
    """Return whose own rows in all tenants are visible. In a pinned session that is nobody (ADR 73)."""
    return caller.id if caller.kind == "person" and caller.pinned_tenant is None else None


def _named_tenant(request: HttpRequest) -> UUID | None:
    """Return the tenant in the address. One that is no UUID belongs to nobody."""
    named: Any = request.resolver_match.kwargs.get("tenant_id") if request.resolver_match else None
    if named is None or isinstance(named, UUID):
        return named
    try:
        return UUID(named)
    except ValueError:
        return UUID(int=0)


def _refusal(request: HttpRequest, caller: Caller, found: Sequence[Lack]) -> ApiError:
    afterwards(request, partial(record_refusal, _operation(request), caller, found))
    words = {name: value for lack in found for name, value in lack.items()}
    if not words.keys() <= OF_SIGN_IN:
        said = {"scope": str(words["scope"])} if "scope" in words else {}
        headers = {"WWW-Authenticate": challenge(error="insufficient_scope", **said)} if said else {}
        return ApiError(FORBIDDEN, "The caller lacks what “missing” names.", missing=found, headers=headers)
    said = {"acr_values": str(words["acr"])} if "acr" in words else {}
    said |= {"max_age": str(words["fresh"])} if "fresh" in words else {}
    step_up = challenge(
        error="insufficient_user_authentication", error_description="A newer or stronger sign-in is needed", **said
    )
    detail = "The person has to sign in again, or with a second factor."
    return ApiError(STEP_UP_REQUIRED, detail, missing=found, headers={"WWW-Authenticate": step_up})


def _operation(request: HttpRequest) -> str:
    """Return what was asked by its pattern: the address itself may contain anything that a caller makes up."""
    return f"{request.method} /{request.resolver_match.route if request.resolver_match else ''}"


def record_refusal(operation: str, caller: Caller, found: Sequence[Lack]) -> None:
    """Record a refusal when the request's transaction has ended, within the limit of what callers can write."""
    logger.warning("access refused: operation=%s caller=%s missing=%s", operation, caller.actor, list(found))
    if rate_limits.may_leave_entry():
        record(
            events.ACCESS_REFUSED,
            actor=caller.actor,
            person=caller.id if caller.kind == "person" else None,
            tenant_id=caller.tenant_id,
            operation=operation,
            missing=list(found),
        )


def _duration(text: str) -> timedelta:
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text}: a duration is a number and one of s, m, h, d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
