"""Django's flush, run as the owner of the tables: the runtime role may not TRUNCATE."""

from typing import Any

from django.conf import settings
from django.core.management.commands.flush import Command as Flush

from config.database import as_owner


class Command(Flush):
    def handle(self, **options: Any) -> None:
        with as_owner(settings.DATABASE_OWNER_URL):
            super().handle(**options)
