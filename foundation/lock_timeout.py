"""Statements that need a table for themselves for a moment: they give up soon, so that nobody queues behind them."""

import time
from collections.abc import Sequence

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors

TRIES = 60
WAITS = "300ms"  # for a lock: whoever comes after us waits as long
REST = 0.5  # seconds between two tries


def patiently(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    """Run statements in one transaction, again and again until they get their locks.

    Raises OperationalError where half a minute was not enough: somebody holds the table, and has to be found.
    """
    for tried in range(1, TRIES + 1):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAITS}'")
                for statement in statements:
                    cursor.execute(statement)
        except OperationalError as failed:
            if tried == TRIES or not isinstance(failed.__cause__, errors.LockNotAvailable):
                raise
            time.sleep(REST)
        else:
            return
