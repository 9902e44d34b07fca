"""One run at a time of whatever has a name, held by the database: Redis has no part in it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from django.db import InterfaceError, OperationalError, connection

WAIT, TRY = "SELECT pg_advisory_lock(%s), true", "SELECT pg_try_advisory_lock(%s)"


@contextmanager
def one_at_a_time(name: str, *, waits: bool = False) -> Iterator[bool]:
    """Take a lock by its name, and give whether it is ours: who does not wait leaves the work to whoever has it.

    It belongs to the connection (PostgreSQL's advisory locks of a session), so it ends with the process, however that
    ends, and whoever has it may take it again. No transaction is open for it.
    """
    number = number_of(name)
    with connection.cursor() as cursor:
        cursor.execute(WAIT if waits else TRY, [number])
        is_ours = bool(cursor.fetchone()[-1])
    try:
        yield is_ours
    finally:
        if is_ours:
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:  # broken, it has let go
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def number_of(name: str) -> int:
    """Return the number by which the database knows a lock."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
