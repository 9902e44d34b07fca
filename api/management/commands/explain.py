"""Explains why somebody may, or may not, use an operation of the API or open a protected host."""

import json as json_texts
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookup import find_person, find_tenant
from accounts.management.output import JSONCommand
from accounts.models import Tenant
from api.explaining import Candidate, explain, explain_host, of_client, of_person, of_service
from api.rights import Lack, Requirement
from api.service import operations
from authserver.management.lookup import find_client, find_host, find_service
from foundation.hosts import is_origin
from tenancy import tenant_context

Answers = Mapping[str, Sequence[Lack]]


class Command(JSONCommand):
    help = "Explain why a person, a service or an app may, or may not, use an operation of the API or open a host"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "operation",
            help='such as "GET /api/v1/me/sessions"; "all" explains every one; or the origin of a protected host',
        )
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--user", help="a person, by id, username or verified address")
        who.add_argument("--service", help="a service account, by id or name")
        who.add_argument("--client", help="an app in its own name, by client ID")
        parser.add_argument("--tenant", help="in which the person acts or the service is, by id or short name")
        parser.add_argument(
            "--scope", nargs="*", action="extend", metavar="SCOPE", help="with a token or key of these scopes"
        )
        parser.add_argument("--without-second-factor", action="store_true", help="their last sign-in had none")

    def handle(self, *_: Any, operation: str, json: bool, **who: Any) -> None:
        if is_origin(operation):
            found: Answers = {operation: _at_host(operation, who)}
        else:
            found = explain(_candidate(who), _wanted(operation))
        lines = [f"{name}: {_in_words(missing)}" for name, missing in found.items()]
        self.output("\n".join(lines), {name: list(missing) for name, missing in found.items()}, as_json=json)


def _wanted(operation: str) -> Mapping[str, Requirement]:
    known = operations()
    wanted = known if operation == "all" else {operation: known[operation]} if operation in known else {}
    if not wanted:
        raise CommandError(f"There is no operation {operation!r}. There are: {', '.join(known)}.")
    return wanted


def _at_host(origin: str, who: dict[str, Any]) -> Sequence[Lack]:
    if not who["user"] or who["scope"] is not None:
        raise CommandError("A protected host is opened by people in a browser: give --user, and no --scope.")
    return explain_host(
        find_person(who["user"]),
        find_host(origin),
        tenant_id=find_tenant(who["tenant"]).pk if who["tenant"] else None,
        has_factor=not who["without_second_factor"],
    )


def _candidate(who: dict[str, Any]) -> Candidate:
    scopes = who["scope"]
    tenant: Tenant | None = find_tenant(who["tenant"]) if who["tenant"] else None
    if who["user"]:
        return of_person(
            find_person(who["user"]),
            tenant_id=tenant.pk if tenant else None,
            scopes=scopes,
            has_factor=not who["without_second_factor"],
        )
    if who["client"]:
        return of_client(find_client(who["client"]), scopes=scopes)
    service = find_service(who["service"], tenant)
    with tenant_context(service.tenant_id):
        return of_service(service, scopes=scopes)


def _in_words(missing: Sequence[Lack]) -> str:
    if not missing:
        return "yes"
    parts = [f"{name} {json_texts.dumps(value)}" for one in missing for name, value in one.items()]
    return f"no, missing: {', '.join(parts)}"
