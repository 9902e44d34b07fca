"""The output of the commands: a sentence for people, or one JSON document for scripts."""

import json

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder


class JSONCommand(BaseCommand):
    """A command with ``--json``."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document, for scripts")

    def output(self, sentence: str, document: object, *, as_json: bool) -> None:
        text = json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False) if as_json else sentence
        self.stdout.write(text)
