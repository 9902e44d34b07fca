"""How Django connects to PostgreSQL: as the runtime role, and as the owner for migrations only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

POOL = {
    "min_size": 1,
    "max_size": 10,  # at least the threads of a web worker, so that none waits for another
    "timeout": 3,  # seconds to wait for a connection: pages answer 503 soon when the database is unavailable
}

KEEPALIVE = {"keepalives_idle": 30, "tcp_user_timeout": 10_000}  # s and ms: for networks that drop packets silently


def django_settings(url: str) -> dict[str, Any]:
    """Turn a libpq URL into an entry of Django's ``DATABASES``.

    Raises ImproperlyConfigured when libpq cannot parse the URL. The message does not repeat it, because it
    contains a password.
    """
    try:
        options = conninfo_to_dict(url)
    except ProgrammingError:
        raise ImproperlyConfigured("DATABASE_URL is not a PostgreSQL URL") from None
    return {
        "ENGINE": "config.postgresql",
        "NAME": options.pop("dbname", ""),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {**KEEPALIVE, **options, "pool": POOL},
    }


@contextmanager
def as_owner(url: str | None) -> Iterator[None]:
    """Connect this thread as the owner, without a pool, until the block ends.

    Raises ImproperlyConfigured when DATABASE_OWNER_URL is missing.
    """
    if not url:
        raise ImproperlyConfigured("DATABASE_OWNER_URL is missing: only the owner of the tables may change them")
    runtime, owner = dict(connection.settings_dict), django_settings(url)
    owner["OPTIONS"].pop("pool")
    _use(owner)
    try:
        yield
    finally:
        _use(runtime)


def _use(settings: dict[str, Any]) -> None:
    connection.close()
    cast("DatabaseWrapper", connection).close_pool()
    connection.settings_dict.update(settings)
