"""Removes a person from a tenant."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management.lookup import find_person, find_tenant
from accounts.management.output import JSONCommand
from accounts.models import Membership
from accounts.organizations import memberships
from audit.context import Actor, ActorKind
from tenancy import tenant_context


class Command(JSONCommand):
    help = "Remove a person from a tenant. Running it again changes nothing"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tenant", required=True, help="by id or short name")
        parser.add_argument("--user", required=True, help="by id, username or verified address")

    def handle(self, *_: Any, tenant: str, user: str, json: bool, **__: Any) -> None:
        place, person = find_tenant(tenant), find_person(user)
        with tenant_context(place.pk, actor=Actor(ActorKind.COMMAND, "remove_member")):
            membership = Membership.objects.select_related("user").filter(user=person).first()
            if membership is not None:
                memberships.remove(membership)
        done = "does not belong to" if membership is None else "was removed from"
        document = {"tenant_id": place.pk, "user_id": person.pk, "removed": membership is not None}
        self.output(f"{person} {done} {place}.", document, as_json=json)
