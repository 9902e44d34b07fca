"""Django's migrate, run as the owner of the tables: the runtime role may not alter them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder

from audit.context import Actor, ActorKind, acting
from config.database import as_owner
from config.former_migrations import unknown_in

ONE_AT_A_TIME = 0x7E571B01E  # an arbitrary key for the advisory lock


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold an advisory lock: a second migrate, perhaps on another machine, waits and then finds nothing left to do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


class Command(Migrate):
    """The trail names each migration as the actor of its changes, and the command as the actor of what follows."""

    acts = Actor(ActorKind.MIGRATION, "migrate")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(settings.DATABASE_OWNER_URL), one_at_a_time(), acting(actor=lambda: self.acts):
            _refuse_former()
            super().handle(*args, **options)

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        super().migration_progress_callback(action, migration, fake)
        if migration and action in {"apply_start", "unapply_start"}:
            self.acts = Actor(ActorKind.MIGRATION, f"{migration.app_label}.{migration.name}")
        else:
            self.acts = type(self).acts


def _refuse_former() -> None:
    """Refuse a database of an older commit before anything is written. Raises CommandError."""
    if unknown := unknown_in(MigrationRecorder(connection).applied_migrations()):
        raise CommandError(
            f"an older commit made this database, with migrations that are gone (such as {unknown[0]}): use an empty "
            "database, or go back to that commit. Nothing was changed."
        )
