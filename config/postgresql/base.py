"""The backend itself: ``ENGINE = "config.postgresql"``."""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives out no connection that the server has closed.

    Django's CONN_HEALTH_CHECKS asks the server at each request: a round trip. A server that restarts, or ends
    a connection, leaves something to read on it, and the kernel knows that without asking anybody.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        connection: Connection[Any] = super().get_new_connection(conn_params)
        while self.pool and is_closed_by_server(connection):
            connection.close()
            self.pool.putconn(connection)  # which replaces it
            connection = super().get_new_connection(conn_params)
        return connection


def is_closed_by_server(connection: Connection[Any]) -> bool:
    """Whether an idle connection has something to say: an ending, or an end."""
    if connection.closed:
        return True
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    return bool(readable)
