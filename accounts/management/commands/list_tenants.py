"""Lists the tenants, by name."""

from typing import Any

from accounts.management.output import JSONCommand
from accounts.models import Tenant
from tenancy import site_context


class Command(JSONCommand):
    help = "List the tenants: id, short name, name"

    def handle(self, *_: Any, json: bool, **__: Any) -> None:
        with site_context("list_tenants"):
            tenants = list(Tenant.objects.values("id", "slug", "name"))
        lines = [f"{tenant['id']}  {tenant['slug']}  {tenant['name']}" for tenant in tenants]
        self.output("\n".join(lines) or "There is no tenant yet: create_tenant makes one.", tenants, as_json=json)
