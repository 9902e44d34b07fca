"""Two tenants, and webhooks of theirs."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from tenancy import site_context, tenant_context
from tests.tenancy.conftest import Side, Town, town
from webhooks import changes
from webhooks.models import Webhook

__all__ = ["town"]

Set = Callable[..., tuple[Webhook, str]]


@pytest.fixture
def set_up(transactional_db: None, town: Town) -> Iterator[Set]:
    """Set up a webhook of a tenant, and return it with its secret."""

    def new(side: Side, url: str, **chosen: Any) -> tuple[Webhook, str]:
        with tenant_context(side.tenant.pk):
            webhook = Webhook(tenant=side.tenant, name="Ours", url=url, **chosen)
            return webhook, changes.create(webhook, side.owner)

    yield new
    connection.close()


def again(webhook: Webhook) -> Webhook:
    with site_context("a test looks again"):
        found: Webhook = Webhook.objects.get(pk=webhook.pk)
        return found
