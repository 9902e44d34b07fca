"""Statements that need an exclusive table lock: they time out soon, so that no query queues behind them for long."""

import time
from collections.abc import Sequence

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors

TRIES = 60
WAITS = "300ms"  # how long we wait for a lock; queries that queue behind us wait as long
REST = 0.5  # seconds between two attempts


def run_with_lock_timeout(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    """Run statements in one transaction, and repeat it until it gets its locks.

    Raises OperationalError after TRIES attempts, which take less than a minute: another session holds the table, and
    an operator has to find it.
    """
    tried = 1
    while True:
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAITS}'")
                for statement in statements:
                    cursor.execute(statement)
        except OperationalError as failed:
            if tried == TRIES or not isinstance(failed.__cause__, errors.LockNotAvailable):
                raise
            time.sleep(REST)
            tried += 1
        else:
            return
