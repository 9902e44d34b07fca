"""The process that purges on order, and reports how long that took and its longest statement.

``ours`` is the product's purge. ``clearsessions`` is the single statement of Django's command on a table like Django's.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # it needs the line above

from jobs.purging import purge  # noqa: E402

CLEARSESSIONS = "DELETE FROM django_session WHERE expire_date < now()"


class Longest:
    """An execute wrapper that records the wall time of the longest statement, in milliseconds."""

    def __init__(self) -> None:
        self.ms = 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.ms = max(self.ms, 1000 * (time.perf_counter() - begun))


def clearsessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(CLEARSESSIONS)
        return int(cursor.rowcount)


def ours() -> int:
    return sum(one.count for one in purge() or () if one.table == "accounts_session")


def main() -> None:
    connection.ensure_connection()
    for line in sys.stdin:
        longest, begun = Longest(), time.perf_counter()
        with connection.execute_wrapper(longest):
            removed = ours() if line.strip() == "ours" else clearsessions()
        report = {
            "removed": removed,
            "seconds": time.perf_counter() - begun,
            "longest_ms": longest.ms,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
