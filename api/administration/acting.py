"""Who administers through the API, what they see, and how they are told that something is above them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from django.http import HttpRequest

from accounts.models import Membership, Role, User
from accounts.organizations import delegation
from accounts.organizations.middleware import WorkingRequest, afterwards
from accounts.sign_in import rate_limits
from api.callers import caller_of
from api.problems import CONFLICT, FORBIDDEN, ApiError
from audit.context import acting
from authserver.clients.delegation import record_refusals
from authserver.models import Client
from tenancy import site_context

Faults = Sequence[Mapping[str, str]]


def administrator(request: HttpRequest) -> User:
    """Return who administers, after the guard has let them through.

    A superuser then sees the whole site, as in the admin. Others see their tenant, and so does a superuser with a
    credential for one tenant: it has the rights of their role there.
    """
    caller = caller_of(request)
    if caller.is_site_wide:
        cast("WorkingRequest", request).work.stack.enter_context(site_context("a superuser uses the API"))
    return member_acting(request)


def member_acting(request: HttpRequest) -> User:
    """Return who administers their active tenant, after the guard has let them through. They see that tenant alone."""
    person = caller_of(request).with_rights
    assert person is not None  # noqa: S101  # the guards of these operations require a permission
    return person


def session_to_keep(request: HttpRequest, person: User) -> str | None:
    """Return the key of the browser's session if a person changes their own account in it: this session is kept."""
    caller = caller_of(request)
    return request.session.session_key if caller.scopes is None and caller.id == person.pk else None


def above(request: HttpRequest, what: User | Role | Membership | None, reason: str = "person_above") -> ApiError:
    """Record that somebody wanted more than they may do themselves (ADR 12), and return the error."""
    record_afterwards(request, partial(delegation.record_refusal, what=what, reason=reason))
    return _above(reason=reason)


def last_superuser(request: HttpRequest, what: User) -> ApiError:
    """Record that somebody wanted to remove the last superuser, and return the error."""
    record_afterwards(request, partial(delegation.record_refusal, what=what, reason="last_superuser"))
    return ApiError(CONFLICT, "This is the last superuser who can sign in.", reason="last_superuser")


def app_above(request: HttpRequest, app: Client | None, fields: Sequence[str], faults: Faults = ()) -> ApiError:
    """Record that an app is, or some of its fields would be, above whoever wants to change it; return the error."""
    record_afterwards(request, partial(record_refusals, client=app, fields=fields))
    return _above(reason="app_above", fields=faults)


def _above(*, reason: str, fields: Faults = ()) -> ApiError:
    detail = "This is above what the caller may do. Nothing was changed."
    return ApiError(FORBIDDEN, detail, reason=reason, missing=[{"reach": True}], fields=fields)


def record_afterwards(request: HttpRequest, record: Callable[[User], None]) -> None:
    """Record a refusal when the request's transaction has been rolled back, within the limit of such entries."""
    caller = caller_of(request)

    def do() -> None:
        assert caller.person is not None  # noqa: S101  # as above
        if rate_limits.may_leave_entry():
            with acting(actor=caller.actor, behind=caller.behind, tenant_id=caller.tenant_id):
                record(caller.person)

    afterwards(request, do)
