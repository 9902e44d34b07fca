"""Django's migrate, done as the owner of the tables: the runtime role may not change them."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate

from audit.context import Actor, ActorKind, acting
from config.database import as_owner


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor(ActorKind.MIGRATION, "migrate")
        with as_owner(settings.DATABASE_OWNER_URL), acting(actor=actor):
            super().handle(*args, **options)
