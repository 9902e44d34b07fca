"""A lock that another connection holds until our first statement has failed because of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection


@contextmanager
def released_after_one_failure(holding: psycopg.Connection) -> Iterator[None]:
    """Roll back what ``holding`` does, and with it its locks, as soon as a statement of ours has failed."""

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        try:
            return run(sql, params, many, context)
        except OperationalError:
            holding.rollback()
            raise

    with connection.execute_wrapper(execute):
        yield
