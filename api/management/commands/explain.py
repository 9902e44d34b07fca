"""Explains why a person may, or may not, use an operation of the API: the guards' own decider answers (ADR 57)."""

import json as json_texts
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.lookup import find_person, find_tenant
from accounts.management.output import JSONCommand
from accounts.models import Tenant, User
from api.callers import Caller
from api.guards import scope_of
from api.rights import Lack, Requirement, lacks
from api.service import operations
from audit.context import Actor, ActorKind
from authserver.authorization.decision import MULTIPLE, SINGLE, Authentication
from tenancy.context import request_context


class Command(JSONCommand):
    help = "Explain why a person may, or may not, use an operation of the API"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("operation", help='such as "GET /api/v1/me/sessions"; "all" explains every one')
        parser.add_argument("--user", required=True, help="by id, username or verified address")
        parser.add_argument("--tenant", help="in which they act, by id or short name")
        _add_credential(parser)

    def handle(self, *_: Any, operation: str, user: str, tenant: str | None, json: bool, **credential: Any) -> None:
        known = operations()
        wanted = known if operation == "all" else {operation: known[operation]} if operation in known else {}
        if not wanted:
            raise CommandError(f"There is no operation {operation!r}. There are: {', '.join(known)}.")
        caller = _caller(find_person(user), find_tenant(tenant) if tenant else None, credential)
        found = {name: _lacks(caller, requirement) for name, requirement in wanted.items()}
        lines = [f"{name}: {_in_words(missing)}" for name, missing in found.items()]
        self.output("\n".join(lines), {name: list(missing) for name, missing in found.items()}, as_json=json)


def _add_credential(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--scope", nargs="*", action="extend", metavar="SCOPE", help="with a token of these scopes, not in a browser"
    )
    parser.add_argument("--without-second-factor", action="store_true", help="their last sign-in had none")


def _caller(person: User, tenant: Tenant | None, credential: dict[str, Any]) -> Caller:
    """Return the person as a caller who has just signed in, with a second factor unless said otherwise."""
    how = Authentication(at=timezone.now(), acr=SINGLE if credential["without_second_factor"] else MULTIPLE, amr=[])
    scopes = credential["scope"]
    return Caller(
        kind="person",
        id=person.pk,
        scopes=None if scopes is None else frozenset(scopes),
        tenant_id=tenant.pk if tenant else None,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        credential="explain",
        program="explain",
        last_sign_in=lambda: how,
    )


def _lacks(caller: Caller, requirement: Requirement) -> list[Lack]:
    assert caller.person is not None  # noqa: S101  # _caller gives one
    if not caller.person.is_active:
        return [{"active": True}]
    with request_context(lambda: scope_of(caller)):
        return lacks(caller, requirement)


def _in_words(missing: list[Lack]) -> str:
    if not missing:
        return "yes"
    parts = [f"{name} {json_texts.dumps(value)}" for one in missing for name, value in one.items()]
    return f"no, missing: {', '.join(parts)}"
