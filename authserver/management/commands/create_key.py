"""Creates an API key for a person or a service, and prints it once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.lookup import find_person, find_tenant, in_one_line
from accounts.management.output import JSONCommand
from accounts.models import Tenant, User
from audit.context import Actor, ActorKind
from authserver.management.lookup import find_service
from authserver.services import issuing, key_text, keys
from authserver.services.issuing import NewKey
from authserver.services.keys import ApiKeyRefused
from foundation import lifetimes
from foundation.rows import fetch_all
from tenancy import person_context, tenant_context

OWN = "SELECT tenant_id FROM public.tenancy_own(%s) ORDER BY is_primary DESC, created_at"
ACTOR = Actor(ActorKind.COMMAND, "create_key")


class Command(JSONCommand):
    help = "Create an API key for a person or a service. The key is printed this once"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        holder = parser.add_mutually_exclusive_group(required=True)
        holder.add_argument("--user", help="by id, username or verified address")
        holder.add_argument("--service", help="by id or name")
        parser.add_argument("--tenant", help="by id or short name; of a person, by default their primary one")
        parser.add_argument("--scope", nargs="+", action="extend", default=[], metavar="SCOPE", help="may be repeated")
        parser.add_argument("--name", default="command line", help="where it is used")
        parser.add_argument("--expires", type=int, default=lifetimes.API_KEY.days, metavar="DAYS")

    def handle(  # noqa: PLR0913  # one for each option
        self,
        *_: Any,
        user: str | None,
        service: str | None,
        tenant: str | None,
        scope: list[str],
        name: str,
        expires: int,
        json: bool,
        **__: Any,
    ) -> None:
        place = find_tenant(tenant) if tenant else None
        expires_at = timezone.now() + timedelta(days=max(-1, min(expires, 10_000)))
        try:
            new = (
                _of_service(service, place, name, scope, expires_at)
                if service is not None
                else _of_person(find_person(user or ""), place, name, scope, expires_at)
            )
        except ValidationError as invalid:
            raise in_one_line(invalid) from None
        present = _present_scopes(new)
        document = {
            "id": new.key.pk,
            "key": new.text,
            "prefix": f"{key_text.PREFIX}{new.key.public_id}",
            "expires_at": new.key.expires_at,
            "scopes": new.key.scopes,
            "present_scopes": present,
        }
        lacking = sorted(set(new.key.scopes) - set(present))
        remark = f"\nIts owner may not use these now: {', '.join(lacking)}." if lacking else ""
        self.output(f"The key, shown this once: {new.text}{remark}", document, as_json=json)


def _of_service(named: str, place: Tenant | None, name: str, scopes: list[str], expires_at: datetime) -> NewKey:
    found = find_service(named, place)
    with tenant_context(found.tenant_id, actor=ACTOR):
        return issuing.create_for_service(found, name=name, scopes=scopes, expires_at=expires_at)


def _of_person(person: User, place: Tenant | None, name: str, scopes: list[str], expires_at: datetime) -> NewKey:
    tenant_id = _tenant_of(person, place)
    with person_context(person.pk, actor=ACTOR):
        return issuing.create_for_person(person, name=name, scopes=scopes, tenant_id=tenant_id, expires_at=expires_at)


def _tenant_of(person: User, place: Tenant | None) -> UUID | None:
    """Return the tenant in which the key works: the named one, else the primary one, else the oldest, else none."""
    own = [row[0] for row in fetch_all(OWN, [person.pk])]
    if place is None:
        return own[0] if own else None
    if place.pk not in own and not person.is_superuser:
        raise CommandError(f"{person} is no member of {place}.")
    return place.pk


def _present_scopes(new: NewKey) -> list[str]:
    """Return what the new key may do now; its holder may have stopped."""
    try:
        return sorted(keys.check(new.text, is_use=False).scopes)
    except ApiKeyRefused:
        return []
