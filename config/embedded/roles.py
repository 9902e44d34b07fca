"""The four database roles: bootstrap superuser, owner, runtime and backup (ADR 3)."""

from dataclasses import dataclass, field

from psycopg import Connection, sql

from config.embedded.postgres import Postgres

BACKUP_ROLE = "vestibule_backup"


@dataclass(frozen=True, kw_only=True)
class Urls:
    """How to reach the product's database in each role."""

    owner: str = field(repr=False)
    runtime: str = field(repr=False)
    backup: str = field(repr=False)


def provide(
    postgres: Postgres, *, database: str, owner: tuple[str, str], runtime: tuple[str, str], backup: tuple[str, str]
) -> Urls:
    """Create or update the roles, each (name, password), and the database, on a server that is ready."""
    with postgres.connect() as connection:
        create(connection, owner=owner, runtime=runtime, backup=backup, database=database)
    with postgres.connect(database) as connection:
        grant_defaults(connection, owner=owner[0], runtime=runtime[0], backup=backup[0])
    return Urls(
        owner=postgres.url(*owner, database),
        runtime=postgres.url(*runtime, database),
        backup=postgres.url(*backup, database),
    )


def create(
    connection: Connection, *, owner: tuple[str, str], runtime: tuple[str, str], backup: tuple[str, str], database: str
) -> None:
    """Create the roles and the database, or bring them up to date; each role is (name, password).

    ``connection`` is the bootstrap superuser's, in autocommit. Owner: migrations. Runtime: reads and writes
    rows, owns nothing, cannot bypass row-level security. Backup: reads everything.
    """
    plain = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
    for (name, password), rights in (
        (owner, f"{plain} NOBYPASSRLS"),
        (runtime, f"{plain} NOBYPASSRLS"),
        (backup, f"{plain} BYPASSRLS"),
    ):
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        statement = sql.SQL("{} ROLE {} {} PASSWORD {}").format(
            sql.SQL("ALTER" if exists else "CREATE"), sql.Identifier(name), sql.SQL(rights), sql.Literal(password)
        )
        connection.execute(statement)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(owner[0]))
        )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    for name in (runtime[0], backup[0]):
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(name))
        )


def grant_defaults(connection: Connection, *, owner: str, runtime: str, backup: str) -> None:
    """Grant privileges on the owner's future tables: reading and writing rows to runtime, reading to backup.

    ``connection`` is the bootstrap superuser's, to the product's database.
    """
    names = {"owner": sql.Identifier(owner), "runtime": sql.Identifier(runtime), "backup": sql.Identifier(backup)}
    for statement in (
        "ALTER SCHEMA public OWNER TO {owner}",
        "GRANT USAGE ON SCHEMA public TO {runtime}, {backup}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
    future = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT"
    for grant in (
        "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {runtime}",
        "USAGE, SELECT ON SEQUENCES TO {runtime}",
        "SELECT ON TABLES TO {backup}",
        "SELECT ON SEQUENCES TO {backup}",
    ):
        connection.execute(sql.SQL(f"{future} {grant}").format(**names))
