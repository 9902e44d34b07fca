"""A second database on the server of the tests, for tests of migrations."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from config.embedded import roles
from config.variables import CHECKOUT
from tests.support.servers import Servers, product_environment


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A database without tables, and an autocommit connection to it as the bootstrap superuser."""

    name: str
    connection: psycopg.Connection
    environment: dict[str, str]

    def migrate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py migrate`` on it, as an operator would, without checking the exit status."""
        command = [sys.executable, "manage.py", "migrate", *arguments]
        return subprocess.run(command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, check=False)


@contextmanager
def elsewhere(servers: Servers) -> Iterator[Elsewhere]:
    """Create the database with the rights of the roles, and drop it at the end."""
    name = f"elsewhere_{uuid4().hex[:8]}"
    with servers.postgres.connect() as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER vestibule_owner").format(sql.Identifier(name)))
    with servers.postgres.connect(name) as connection:
        roles.grant_defaults(connection, owner="vestibule_owner", runtime="vestibule_app", backup=roles.BACKUP_ROLE)
        urls = {
            "DATABASE_URL": _at(servers.runtime_url, name),
            "DATABASE_OWNER_URL": _at(servers.owner_url, name),
        }
        environment = os.environ | product_environment(servers) | urls
        yield Elsewhere(name=name, connection=connection, environment=environment)
    with servers.postgres.connect() as superuser:
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _at(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, parts.fragment))
