"""In which tenant, and as which person, the database is asked: for requests, jobs and commands alike."""

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
    """What of the guarded tables can be seen: one tenant's rows, one person's own, the whole site's, or nothing."""

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
    """In one transaction, see and write one tenant's rows; and see a person's own where one is given.

    Jobs and commands say which actor does it; a request's middleware has said so already.
    """
    with _within(_statement(Scope(tenant_id=tenant_id, person_id=person_id)), actor) as scope:
        yield scope


@contextmanager
def person_context(person_id: UUID, *, actor: Actor | None = None) -> Iterator[Scope]:
    """In one transaction, see the rows that are a person's own, in whatever tenant."""
    with _within(_statement(Scope(person_id=person_id)), actor) as scope:
        yield scope


@contextmanager
def site_context(reason: str, *, actor: Actor | None = None) -> Iterator[Scope]:
    """In one transaction, see and write every tenant's rows. The reason goes to the log; a test lists the callers."""
    logger.debug("the whole site's rows are open: %s", reason)
    with _within(_statement(replace(current(), is_site=True)), actor) as scope:
        yield scope


@contextmanager
def request_context(enter: Callable[[], Scope]) -> Iterator[Scope]:
    """In one transaction, be in the scope that ``enter`` tells the database and returns, in a statement of its own."""
    with _within(enter, None) as scope:
        yield scope


@contextmanager
def _within(enter: Callable[[], Scope], actor: Actor | None) -> Iterator[Scope]:
    """Tell the database in one statement; it forgets when the transaction ends, however it ends.

    A block inside another transaction tells it the outer scope again before it leaves. When it fails, its
    savepoint does that.
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
            _set(outer)


def _statement(scope: Scope) -> Callable[[], Scope]:
    return lambda: _set(scope)


def _set(scope: Scope) -> Scope:
    with connection.cursor() as cursor:
        cursor.execute(SET_CONTEXT, scope.settings())
    return scope
