"""Removes all rows that have expired, after waiting for a purge that is already running."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.purging import due, purge


class Command(BaseCommand):
    help = "Remove all rows that have expired"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show how many rows there are, and remove none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            for table, count in due().items():
                self.stdout.write(f"{table}: {count} rows would be removed.")
            return
        for purged in purge() or ():
            self.stdout.write(f"{purged.table}: {purged.count} rows were removed.")
