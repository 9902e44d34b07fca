"""The tenant and the person for which the database is read and written, in requests, jobs and commands."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection, transaction

from audit.context import Actor, acting
from audit.context import current as audit_context

logger = logging.getLogger(__name__)

SET_CONTEXT = (
    "SELECT set_config('app.tenant_id', %s, true), set_config('app.user_id', %s, true), "
    "set_config('app.scope', %s, true)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which rows of the guarded tables are visible: one tenant's, one person's own, the whole site's, or none."""

    tenant_id: UUID | None = None
    person_id: UUID | None = None
    is_site: bool = False

    def settings(self) -> list[str]:
        return [str(self.tenant_id or ""), str(self.person_id or ""), "site" if self.is_site else ""]


NOTHING = Scope()
_scope: ContextVar[Scope] = ContextVar("tenancy_scope", default=NOTHING)


def current() -> Scope:
    return _scope.get()


@contextmanager
def tenant_context(tenant_id: UUID, *, person_id: UUID | None = None, actor: Actor | None = None) -> Iterator[Scope]:
    """Open a transaction with access to one tenant's rows and, if a person is given, to that person's own rows.

    Jobs and commands pass the actor. In a request the middleware has set it already.
    """
    with _within(_statement(Scope(tenant_id=tenant_id, person_id=person_id)), actor) as scope:
        yield scope


@contextmanager
def person_context(person_id: UUID, *, actor: Actor | None = None) -> Iterator[Scope]:
    """Open a transaction with access to a person's own rows, in all tenants."""
    with _within(_statement(Scope(person_id=person_id)), actor) as scope:
        yield scope


@contextmanager
def site_context(reason: str, *, actor: Actor | None = None) -> Iterator[Scope]:
    """Open a transaction with access to every tenant's rows. The reason is logged, and a test lists the callers."""
    logger.debug("the rows of the whole site are accessible: %s", reason)
    with _within(_statement(replace(current(), is_site=True)), actor) as scope:
        yield scope


@contextmanager
def request_context(enter: Callable[[], Scope]) -> Iterator[Scope]:
    """Open a transaction in a scope that ``enter`` determines: it sets the scope in the database and returns it."""
    with _within(enter, None) as scope:
        yield scope


@contextmanager
def _within(enter: Callable[[], Scope], actor: Actor | None) -> Iterator[Scope]:
    """Set the scope in the database for the current transaction; its end resets it, however it ends.

    A nested block restores the outer scope when it exits. If it fails, the rollback to its savepoint does that.
    """
    outer = current()
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        scope = enter()
        token = _scope.set(scope)
        try:
            with acting(tenant_id=scope.tenant_id, actor=actor or audit_context().actor):
                yield scope
        finally:
            _scope.reset(token)
        if is_nested and not connection.needs_rollback:
            set_scope(outer)


def _statement(scope: Scope) -> Callable[[], Scope]:
    return lambda: set_scope(scope)


def set_scope(scope: Scope) -> Scope:
    """Set the context in the database for the current transaction, for ``request_context``."""
    with connection.cursor() as cursor:
        cursor.execute(SET_CONTEXT, scope.settings())
    return scope
