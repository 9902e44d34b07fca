"""Adds a person to a tenant, in a role."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management.lookup import find_person, find_role, find_tenant, get_or_create
from accounts.management.output import JSONCommand
from accounts.models import Membership, Role, Tenant, User
from accounts.organizations import memberships
from accounts.organizations.own_organizations import make_primary
from audit.context import Actor, ActorKind
from tenancy import tenant_context


class Command(JSONCommand):
    help = "Add a person to a tenant, or give them another role in it. Running it again changes nothing"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tenant", required=True, help="by id or short name")
        parser.add_argument("--user", required=True, help="by id, username or verified address")
        parser.add_argument("--role", required=True, help="by name: the tenant's own role, else the global one")
        parser.add_argument("--primary", action="store_true", help="make it the tenant with which sessions begin")

    def handle(self, *_: Any, tenant: str, user: str, role: str, primary: bool, json: bool, **__: Any) -> None:
        place, person = find_tenant(tenant), find_person(user)
        given = find_role(role, place)
        with tenant_context(place.pk, actor=Actor(ActorKind.COMMAND, "add_member")):
            membership, done = get_or_create(lambda: _provide(person, place, given))
            if primary:
                make_primary(person, place.pk)
        document = {
            "id": membership.pk,
            "tenant_id": place.pk,
            "user_id": person.pk,
            "role": given.name,
            "created": done == "was added to",
        }
        self.output(f"{person} {done} {place} as {given}.", document, as_json=json)


def _provide(person: User, tenant: Tenant, role: Role) -> tuple[Membership, str]:
    known = Membership.objects.select_related("role").filter(user=person).first()
    if known is None:
        return memberships.add(person, tenant, role), "was added to"
    if known.role_id == role.pk:
        return known, "already belongs to"
    memberships.change_role(known, role)
    return known, "now belongs to"
