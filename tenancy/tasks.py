"""Celery tasks that run in the context of one tenant."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from celery import shared_task

from tenancy.context import tenant_context


def tenant_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Declare a task that runs in a tenant's context: ``tidy.delay(…, tenant_id=tenant.pk)``.

    It runs in one transaction. If that would take long, use ``shared_task`` instead and open a context for each part.
    Takes the options of ``shared_task``.
    """

    def declare(work: Callable[..., Any]) -> Any:
        @wraps(work)
        def in_its_tenant(*args: Any, tenant_id: UUID | str, **kwargs: Any) -> Any:
            with tenant_context(UUID(str(tenant_id))):
                return work(*args, **kwargs)

        return shared_task(**options)(in_its_tenant)

    return declare
