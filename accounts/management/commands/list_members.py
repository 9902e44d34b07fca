"""Lists the members of a tenant, with their roles."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management.lookup import find_tenant
from accounts.management.output import JSONCommand
from accounts.models import Membership
from tenancy import tenant_context


class Command(JSONCommand):
    help = "List the members of a tenant: account, role, name"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tenant", required=True, help="by id or short name")

    def handle(self, *_: Any, tenant: str, json: bool, **__: Any) -> None:
        place = find_tenant(tenant)
        with tenant_context(place.pk):
            memberships = list(Membership.objects.select_related("user", "role").order_by("created_at", "pk"))
        members = [
            {"user_id": membership.user_id, "role": membership.role.name, "name": str(membership.user)}
            for membership in memberships
        ]
        lines = [f"{member['user_id']}  {member['role']}  {member['name']}" for member in members]
        self.output("\n".join(lines) or f"Nobody belongs to {place} yet.", members, as_json=json)
