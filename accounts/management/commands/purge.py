"""Removes everything that has expired, to the end, waiting for a run that is under way."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.purging import purge_sessions


class Command(BaseCommand):
    help = "Remove expired sessions"

    def handle(self, *args: Any, **options: Any) -> None:
        purged = purge_sessions()
        self.stdout.write(f"{purged.count} expired sessions were removed.")
