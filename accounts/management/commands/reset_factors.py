"""Removes all second factors of a person who has lost them. The last administrator needs it to sign in again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookup import find_person
from accounts.management.output import JSONCommand
from accounts.sign_in.factors import factor_reset
from audit.context import Actor, ActorKind, acting


class Command(JSONCommand):
    help = "Remove all second factors of a person, recovery codes included, and end all their sessions"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="by id, username or verified address")
        parser.add_argument("--reason", required=True, help="the reason, for the trail; without the person's name")

    def handle(self, *_: Any, user: str, reason: str, json: bool, **__: Any) -> None:
        person = find_person(user)
        if not reason.strip():
            raise CommandError("Give a reason: the trail records --reason.")
        with acting(actor=Actor(ActorKind.COMMAND, "reset_factors")):
            try:
                kinds = factor_reset.reset(person.pk, reason=reason.strip())
            except factor_reset.NothingToReset:
                kinds = []
            except factor_reset.PersonGone:
                raise CommandError("The account was erased meanwhile.") from None
        removed = f"{len(kinds)} second factors of {person.pk} were removed, and all sessions ended."
        document = {"id": person.pk, "removed": kinds}
        self.output(removed if kinds else f"{person.pk} has no second factors.", document, as_json=json)
