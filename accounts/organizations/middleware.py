"""Run every request of a signed-in person in the context of their active tenant, in one transaction."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.models.active_membership import set_context
from accounts.sessions import SessionStore
from tenancy.context import NOTHING, Scope, request_context, site_context

OPERATIONS = "/api/v1/"  # they set the tenant themselves: their callers may have no session
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass
class RequestWork:
    """The state of one request: its contexts, whether they include a transaction, and what to do after that."""

    stack: ExitStack
    is_in_transaction: bool = False
    afterwards: list[Callable[[], object]] = field(default_factory=list)
    is_over: bool = False


class WorkingRequest(HttpRequest):
    """A request inside ``TenancyMiddleware``: a type for ``cast``, not the class of any request.

    ``process_view``, ``process_exception`` and callers of ``afterwards`` share nothing with ``__call__`` but the
    request, so the state is an attribute of it.
    """

    work: RequestWork


class TenancyMiddleware:
    """The last middleware, so that requests refused by others cost no transaction.

    The transaction begins before the view and ends when its response is rendered; an exception rolls it back.
    Callbacks of ``afterwards`` run then, whatever the outcome.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with ExitStack() as stack:
            work = RequestWork(stack)
            cast("WorkingRequest", request).work = work
            response = self.get_response(request)
        work.is_over = True
        for do in work.afterwards:
            do()
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        is_theirs = request.path_info.startswith(OPERATIONS) or getattr(view, "asks_without_tenant", False)
        if is_theirs or not _may_be_signed_in(request):
            return
        work = cast("WorkingRequest", request).work
        with ExitStack() as entered:
            entered.enter_context(request_context(lambda: _scope_of(request)))
            person = request.user
            if not isinstance(person, User):
                return
            work.is_in_transaction = True
            if not (person.is_superuser and _is_admin(request)):
                work.stack.push(entered.pop_all())
                return
        work.stack.enter_context(site_context("a superuser works in the admin"))

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        work: RequestWork | None = getattr(request, "work", None)
        if work is not None and work.is_in_transaction:
            transaction.set_rollback(True)


def without_tenant(view: View) -> View:
    """Mark a view that reads no tenant's data. It gets no transaction, so it may wait for other servers."""
    view.asks_without_tenant = True  # type: ignore[attr-defined]
    return view


def afterwards(request: HttpRequest, do: Callable[[], object]) -> None:
    """Call ``do`` when the request's transaction has ended, for example to record a refusal despite the rollback."""
    work: RequestWork | None = getattr(request, "work", None)
    if work is None or work.is_over:
        do()
    else:
        work.afterwards.append(do)


def wanted_tenant(request: HttpRequest) -> UUID | None:
    """Return the tenant that the person chose in this session. Whether they are still a member is checked later."""
    return request.session.active_tenant if isinstance(request.session, SessionStore) else None


def _may_be_signed_in(request: HttpRequest) -> bool:
    """Whether a session needs to be loaded: a visitor without one costs no query."""
    return bool(request.session.session_key) or isinstance(request.user, User)


def _scope_of(request: HttpRequest) -> Scope:
    """Set the database's context and return it. Loading the session sets it too, if that has not happened before."""
    is_told = isinstance(request.session, SessionStore) and not request.session.is_loaded
    person = request.user
    if not isinstance(person, User):
        return NOTHING
    if not is_told:
        person.active_membership = set_context(person.pk, wanted_tenant(request), pinned=person.pinned_tenant)
    tenant_id = person.active_membership.tenant_id if person.active_membership else None
    return Scope(tenant_id=tenant_id, person_id=person.pk if person.pinned_tenant is None else None)


def _is_admin(request: HttpRequest) -> bool:
    return bool(request.resolver_match and request.resolver_match.app_name == "admin")
