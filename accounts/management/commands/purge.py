"""Removes everything that has expired, to the end, waiting for a run that is under way."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.purging import purge_invitations, purge_links, purge_sessions


class Command(BaseCommand):
    help = "Remove expired sessions and mailed links, and invitations that expired long ago"

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, links, invitations = purge_sessions(), purge_links(), purge_invitations()
        self.stdout.write(f"{sessions.count} expired sessions were removed.")
        self.stdout.write(f"{links.count} expired links were removed.")
        self.stdout.write(f"{invitations.count} invitations that expired long ago were removed.")
