"""The command for operators of the trail, with one subcommand per act."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import command_line, stream


class Command(BaseCommand):
    help = "Work with the audit trail"

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="subcommand", required=True)
        command_line.add_subcommands(subcommands)
        stream.add_subcommand(subcommands)

    def handle(self, *_: Any, run: Any, **options: Any) -> None:
        run(self.stdout.write, **options)
