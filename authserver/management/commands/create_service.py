"""Creates a service account of a tenant."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.lookup import find_person, find_tenant, in_one_line
from accounts.management.output import JSONCommand
from audit.context import Actor, ActorKind
from authserver.models import ServiceAccount
from authserver.services import accounts
from foundation import lifetimes
from tenancy import tenant_context


class Command(JSONCommand):
    help = "Create a service account: a program of a tenant, with an owner who answers for it"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--tenant", required=True, help="by id or short name")
        parser.add_argument("--owner", required=True, help="a member, by id, username or verified address")
        parser.add_argument("--name", required=True)
        parser.add_argument("--purpose", required=True, help="what it does")
        parser.add_argument("--scope", nargs="+", action="extend", default=[], metavar="SCOPE", help="may be repeated")
        parser.add_argument("--expires", type=int, default=lifetimes.SERVICE_ACCOUNT.days, metavar="DAYS")

    def handle(  # noqa: PLR0913  # one for each option
        self,
        *_: Any,
        tenant: str,
        owner: str,
        name: str,
        purpose: str,
        scope: list[str],
        expires: int,
        json: bool,
        **__: Any,
    ) -> None:
        place, person = find_tenant(tenant), find_person(owner)
        if not 0 < expires <= lifetimes.SERVICE_ACCOUNT_MOST.days:
            raise CommandError(f"--expires is a number of days, 1 to {lifetimes.SERVICE_ACCOUNT_MOST.days}.")
        service = ServiceAccount(
            tenant=place,
            owner=person,
            name=name,
            purpose=purpose,
            scopes=list(dict.fromkeys(scope)),
            expires_at=timezone.now() + timedelta(days=expires),
        )
        try:
            with tenant_context(place.pk, actor=Actor(ActorKind.COMMAND, "create_service")):
                accounts.save(service)
        except ValidationError as invalid:
            raise in_one_line(invalid) from None
        document = {
            "id": service.pk,
            "name": service.name,
            "tenant_id": place.pk,
            "owner_id": person.pk,
            "scopes": service.scopes,
            "expires_at": service.expires_at,
        }
        self.output(f"The service {service.name} ({service.pk}) of {place} was created.", document, as_json=json)
