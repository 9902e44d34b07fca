"""A database of an older commit, whose migrations are gone: one line says what to do, and nothing changes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.embedded import directories, programs, stored_secrets
from config.embedded.directories import Directories
from config.embedded.postgres import Postgres
from config.embedded.programs import any_free_port
from tests.support import checkouts
from tests.support.elsewhere import elsewhere
from tests.support.servers import Servers

pytestmark = pytest.mark.process

Applied = list[tuple[str, str]]

IN_STEPS = [("accounts", "0001_initial"), ("accounts", "0002_sessions_of_a_provider"), ("providers", "0001_tokens")]
BY_FORMER_NAMES = [(app, "0001_initial") for app in ("accounts", "audit", "jobs", "providers", "webhooks")]
MADE = """
    CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app text, name text, applied timestamptz DEFAULT now());
    CREATE TABLE accounts_user (id uuid);
"""
SCHEMA = """
    SELECT c.oid, c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 3
"""


def make_former(connection: psycopg.Connection, applied: Applied) -> None:
    """Create what an older commit's ``migrate`` left, as far as it is used to recognise such a database."""
    connection.execute("SET ROLE vestibule_owner")
    connection.execute(MADE)
    for app, name in applied:
        connection.execute("INSERT INTO django_migrations (app, name) VALUES (%s, %s)", [app, name])
    connection.execute("RESET ROLE")


def everything(connection: psycopg.Connection) -> tuple[object, object]:
    rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return connection.execute(SCHEMA).fetchall(), rows


@pytest.mark.parametrize(
    ("applied", "gone", "asked"),
    [
        (IN_STEPS, "accounts.0002_sessions_of_a_provider", ()),
        (IN_STEPS, "accounts.0002_sessions_of_a_provider", ("accounts",)),
        (BY_FORMER_NAMES, "jobs.0001_initial", ()),
        (BY_FORMER_NAMES, "jobs.0001_initial", ("jobs", "zero")),
    ],
)
def test_migrate_refuses_it_in_one_line_and_writes_nothing(
    servers: Servers, applied: Applied, gone: str, asked: tuple[str, ...]
) -> None:
    with elsewhere(servers) as database:
        make_former(database.connection, applied)
        before = everything(database.connection)

        refused = database.migrate(*asked)

        assert refused.returncode == 1
        assert refused.stdout + refused.stderr == (
            f"CommandError: an older commit made this database, with migrations that are gone (such as {gone}): use an "
            "empty database, or go back to that commit. Nothing was changed.\n"
        )
        assert everything(database.connection) == before


def test_a_database_that_is_ahead_of_its_code_is_accepted(servers: Servers) -> None:
    with elsewhere(servers) as database:
        assert database.migrate("--verbosity", "0").returncode == 0
        row = "INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '0002_of_a_newer_release', now())"
        database.connection.execute(row)

        again = database.migrate()

        assert (again.returncode, again.stderr) == (0, "")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    yield checkouts.copy(tmp_path / "checkout")
    shutil.rmtree(directories.find(tmp_path / "checkout" / ".local").server_home)


@contextmanager
def started(where: Directories) -> Iterator[psycopg.Connection]:
    """Start the database of a checkout as ``make run`` does, and connect to it as the bootstrap superuser."""
    secrets = stored_secrets.secrets_in(where.state / "secrets")
    postgres = Postgres(place=where, superuser_password=secrets["SUPERUSER_PASSWORD"])
    process = postgres.start()
    try:
        postgres.wait_ready(process)
        programs.create_roles(postgres, secrets)
        with postgres.connect(programs.DATABASE) as connection:
            yield connection
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def test_make_run_leaves_the_local_folder_of_an_older_commit_alone(checkout: Path) -> None:
    where = directories.find(checkout / ".local")
    with started(where) as connection:
        make_former(connection, BY_FORMER_NAMES)
        before = everything(connection)

    environment = {"PATH": os.environ["PATH"], "PORT": f"{any_free_port()}", "SANDBOX_PORT": f"{any_free_port()}"}
    command = [sys.executable, "-m", "config.embedded"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)

    folders = " and ".join(dict.fromkeys((f"{where.state}", f"{where.server_home}")))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        f"Vestibule cannot start: an older commit made the database in {folders}, with migrations that are gone: move "
        f"{folders} aside to start afresh, or go back to that commit\n"
    )
    with started(where) as connection:
        assert everything(connection) == before
