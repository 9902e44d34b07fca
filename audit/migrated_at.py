"""The time since which this schema exists. A job that has never run is late only some time after that."""

from datetime import datetime

from django.db import connection

LAST_MIGRATION = "SELECT max(applied) FROM django_migrations"


def migrated_at() -> datetime | None:
    """Return when the last migration was applied, which may have introduced new jobs."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_MIGRATION)
        found: datetime | None = cursor.fetchone()[0]
        return found
