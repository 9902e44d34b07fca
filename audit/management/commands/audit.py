"""What operators do with the trail: one subcommand for each."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import stream


class Command(BaseCommand):
    help = "Work with the audit trail"

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="subcommand", required=True)
        streaming = subcommands.add_parser("stream", help="write entries as lines of JSON, and go on as they come")
        stream.add_arguments(streaming)
        streaming.set_defaults(run=stream.run)

    def handle(self, *_: Any, run: Any, **options: Any) -> None:
        run(**options)
