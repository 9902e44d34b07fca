"""Lists a host for forward authentication, or changes who may open it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from accounts.management.lookup import find_tenant, get_or_create, in_one_line
from accounts.management.output import JSONCommand
from audit.context import Actor, ActorKind, acting
from authserver.models import ProtectedHost, SiteRole

COMMAND = Actor(ActorKind.COMMAND, "protect_host")
FIELDS = ("name", "org_roles", "scope", "role", "fresh_minutes", "needs_second_factor")


class Command(JSONCommand):
    help = "List a host for forward authentication; who may open it becomes exactly what is given"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--origin", required=True, help="as browsers write it: https://wiki.example.com")
        parser.add_argument("--name", required=True, help="as people know the application")
        parser.add_argument("--tenant", help="for its members alone, by id or short name")
        parser.add_argument(
            "--org-role",
            action="append",
            default=[],
            dest="org_roles",
            metavar="ROLE",
            help="may be repeated; one of these in the organization is enough",
        )
        parser.add_argument("--scope", default="", help="one that the role must have")
        parser.add_argument("--role", default="", choices=SiteRole.values, help="a role on the site")
        parser.add_argument("--fresh-minutes", type=int, metavar="N", help="how long ago people may have signed in")
        parser.add_argument("--second-factor", action="store_true", dest="needs_second_factor")
        parser.add_argument("--closed", action="store_true", help="nobody may open it")

    def handle(self, *_: Any, json: bool, origin: str, tenant: str | None, closed: bool, **options: Any) -> None:
        wanted = {name: options[name] for name in FIELDS}
        wanted |= {"tenant": find_tenant(tenant) if tenant else None, "is_active": not closed}
        with acting(actor=COMMAND):
            host = get_or_create(partial(_listed, origin, wanted))
        self.output(f"{origin} is listed.", {"id": host.pk, "origin": origin}, as_json=json)


def _listed(origin: str, wanted: Mapping[str, Any]) -> ProtectedHost:
    host = ProtectedHost.objects.filter(origin=origin).first() or ProtectedHost(origin=origin)
    for name, value in wanted.items():
        setattr(host, name, value)
    try:
        host.full_clean(exclude={"tenant"}, validate_unique=False)  # it was looked up, and the database knows the rest
    except ValidationError as invalid:
        raise in_one_line(invalid) from None
    host.save()
    return host
