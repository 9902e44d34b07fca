"""Named locks in the database (PostgreSQL's advisory locks), so that they do not depend on Redis."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from django.db import InterfaceError, OperationalError, connection

from foundation.rows import fetch_one

WAIT, TRY = "SELECT pg_advisory_lock(%s), true", "SELECT pg_try_advisory_lock(%s)"
UNTIL_COMMIT = "SELECT pg_advisory_xact_lock(%s)"
TRY_UNTIL_COMMIT = "SELECT pg_try_advisory_xact_lock(%s)"
SHARE_UNTIL_COMMIT = "SELECT pg_advisory_xact_lock_shared(%s)"
TRY_SHARE_UNTIL_COMMIT = "SELECT pg_try_advisory_xact_lock_shared(%s)"


@contextmanager
def one_at_a_time(name: str, *, waits: bool = False) -> Iterator[bool]:
    """Try to take the named advisory lock and yield whether we hold it. With ``waits=True``, block until it is free.

    The lock is session-level: it belongs to the connection and needs no open transaction. It is released when the
    process ends, however that happens. The same connection can take it more than once.
    """
    number = number_of(name)
    with connection.cursor() as cursor:
        cursor.execute(WAIT if waits else TRY, [number])
        is_ours = bool(cursor.fetchone()[-1])
    try:
        yield is_ours
    finally:
        if is_ours:
            # A broken connection has already released the lock.
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def lock_until_commit(name: str) -> None:
    """Wait for the named advisory lock and hold it until the current transaction ends, however that happens."""
    with connection.cursor() as cursor:
        cursor.execute(UNTIL_COMMIT, [number_of(name)])


def try_until_commit(name: str) -> bool:
    """Try to take the named advisory lock until the current transaction ends, and return whether we hold it."""
    row = fetch_one(TRY_UNTIL_COMMIT, [number_of(name)])
    return bool(row and row[0])


def share_until_commit(name: str) -> bool:
    """Hold the named advisory lock with others that share it, until commit. Return whether we had to wait for it."""
    number = [number_of(name)]
    row = fetch_one(TRY_SHARE_UNTIL_COMMIT, number)
    if row and row[0]:
        return False
    fetch_one(SHARE_UNTIL_COMMIT, number)
    return True


def number_of(name: str) -> int:
    """Return the key of the advisory lock with this name."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
