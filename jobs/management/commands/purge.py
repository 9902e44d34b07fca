"""Removes everything that has expired, to the end, waiting for a run that is under way."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.purging import due, purge


class Command(BaseCommand):
    help = "Remove everything that has expired"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how much it would be, and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            for table, count in due().items():
                self.stdout.write(f"{table}: {count} rows would be removed.")
            return
        for purged in purge() or ():
            self.stdout.write(f"{purged.table}: {purged.count} rows were removed.")
