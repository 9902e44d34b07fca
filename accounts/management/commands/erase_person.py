"""Erases a person: the account, all of its data, and the person's values in the trail."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.lookup import find_person
from accounts.management.output import JSONCommand
from accounts.privacy import erasing
from audit.context import Actor, ActorKind, acting


class Command(JSONCommand):
    help = "Erase a person, all of their data, and their personal values in the trail. This cannot be undone"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", required=True, help="by id, username or verified address")
        parser.add_argument("--reason", required=True, help="the reason, for the trail; without the person's name")

    def handle(self, *_: Any, user: str, reason: str, json: bool, **__: Any) -> None:
        person = find_person(user)
        if not reason.strip():
            raise CommandError("Give a reason: the trail records --reason.")
        with acting(actor=Actor(ActorKind.COMMAND, "erase_person")):
            try:
                count = erasing.erase(person, reason=reason.strip())
            except erasing.ErasureRefused as refused:
                erasing.record_refusal(person, refused)
                raise CommandError("This is the last superuser who can sign in: create another one first.") from None
        document = {"id": person.pk, "entries": count}
        self.output(f"{person.pk} was erased; {count} entries lost their personal values.", document, as_json=json)
