"""Writes the personal data of one person as one JSON document."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.management.lookup import find_person
from accounts.privacy import exporting
from audit.context import Actor, ActorKind, acting


class Command(BaseCommand):
    help = "Write the personal data of a person as one JSON document"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="by id, username or verified address")

    def handle(self, *_: Any, user: str, **__: Any) -> None:
        person = find_person(user)
        with acting(actor=Actor(ActorKind.COMMAND, "export_person")):
            exporting.begin(person)
            for part in exporting.export(person):
                self.stdout.write(part, ending="")
