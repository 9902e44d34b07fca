"""Restoring a request's context after its transaction has ended, for streaming responses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from django.db import transaction

from audit.context import Actor, Context, acting
from audit.context import current as audit_context
from tenancy import person_context, site_context, tenant_context
from tenancy.context import Scope, current


@dataclass(frozen=True, kw_only=True)
class CapturedContext:
    """The row-level-security scope of a request, and its actor and circumstances for the trail."""

    scope: Scope
    circumstances: Context
    actor: Actor | None
    behind: Actor | None

    @classmethod
    def capture(cls) -> Self:
        circumstances = audit_context()
        return cls(
            scope=current(),
            circumstances=circumstances,
            actor=circumstances.who(),
            behind=circumstances.who_is_behind(),
        )

    @contextmanager
    def in_transaction(self) -> Iterator[None]:
        """Open a new transaction with exactly the same scope as the request."""
        scope = self.scope
        with ExitStack() as stack:
            stack.enter_context(self.acting())
            if scope.is_site:
                stack.enter_context(site_context("a streaming response to a superuser in the admin"))
            elif scope.tenant_id:
                stack.enter_context(tenant_context(scope.tenant_id, person_id=scope.person_id))
            elif scope.person_id:
                stack.enter_context(person_context(scope.person_id))
            else:
                stack.enter_context(transaction.atomic())
            yield

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Attribute entries and events to the request, without opening a transaction."""
        then = self.circumstances
        with acting(
            actor=self.actor,
            behind=self.behind,
            tenant_id=then.tenant_id,
            request_id=then.request_id,
            ip_address=then.ip_address,
            user_agent=then.user_agent,
        ):
            yield
