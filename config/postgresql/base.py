"""The backend itself: ``ENGINE = "config.postgresql"``."""

import select
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg import Connection

from config.postgresql.prepared import PreparingCursor


class DatabaseWrapper(base.DatabaseWrapper):
    """Never returns a connection that the server has closed.

    Django's CONN_HEALTH_CHECKS costs a round trip to the server at each request. A server that restarts or
    closes a connection makes its socket readable, which the kernel reports without a round trip.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        connection: Connection[Any] = super().get_new_connection(conn_params)
        while self.pool and is_closed_by_server(connection):
            connection.close()
            self.pool.putconn(connection)  # which replaces it
            connection = super().get_new_connection(conn_params)
        return connection

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor for statements that hardly ever change: each is planned once for this connection.

        With PREPARED_STATEMENTS off it is one like all others.
        """
        if not settings.PREPARED_STATEMENTS:
            return self.cursor()
        self.ensure_connection()
        cursor: CursorWrapper = self._prepare_cursor(PreparingCursor(self.connection))  # type: ignore[attr-defined]  # Django's, unknown to the stubs
        return cursor


def is_closed_by_server(connection: Connection[Any]) -> bool:
    """Whether an idle connection is readable: it holds an error message or the end of the stream."""
    if connection.closed:
        return True
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    return bool(readable)
