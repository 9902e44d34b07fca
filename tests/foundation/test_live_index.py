"""An index on a table in use: built without locking writers out, and built anew after it failed."""

from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from config.database import as_owner
from foundation.live_index import AddLiveIndex
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "group_by_name_in_a_test"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


@pytest.fixture
def owner(servers: Servers) -> Iterator[None]:
    with as_owner(servers.owner_url):
        yield
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX IF EXISTS {NAME}")


def run() -> list[str]:
    """Run the operation as a migration does, and return what it asked the database to build."""
    operation = AddLiveIndex(model_name="group", index=models.Index(fields=["name"], name=NAME))
    state = ProjectState.from_apps(apps)
    with CaptureQueriesContext(connection) as asked, connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("auth", editor, state, state)
    return [query["sql"] for query in asked.captured_queries if "INDEX" in query["sql"]]


def is_valid() -> bool | None:
    with connection.cursor() as cursor:
        cursor.execute(VALID, [NAME])
        found = cursor.fetchone()
        return found[0] if found else None


@pytest.mark.promise(81)
def test_it_is_built_beside_those_who_write_and_only_once(owner: None) -> None:
    (built,) = run()

    assert "CREATE INDEX CONCURRENTLY" in built
    assert is_valid()
    assert run() == []


@pytest.mark.promise(81)
def test_what_a_failure_left_behind_is_replaced(owner: None, servers: Servers) -> None:
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute("CREATE INDEX group_by_name_in_a_test ON auth_group (name)")
        superuser.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [NAME])
    assert is_valid() is False

    dropped, built = run()
    assert ("DROP INDEX CONCURRENTLY" in dropped, "CREATE INDEX CONCURRENTLY" in built) == (True, True)
    assert is_valid()


def run_on_the_trail() -> list[str]:
    operation = AddLiveIndex(model_name="entry", index=models.Index(fields=["reason"], name="audit_entry_reason"))
    state = ProjectState.from_apps(apps)
    with CaptureQueriesContext(connection) as asked, connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("audit", editor, state, state)
    return [query["sql"] for query in asked.captured_queries if "INDEX CONCURRENTLY" in query["sql"]]


@pytest.mark.promise(81)
def test_a_partitioned_table_has_it_on_every_partition_and_the_next_ones_too(owner: None, servers: Servers) -> None:
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_entry'::regclass"
    joined = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit_entry_reason'::regclass"
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute("CREATE INDEX ON ONLY audit_entry (reason)")  # another one, to be left alone
        superuser.execute("CREATE INDEX audit_entry_reason ON ONLY audit_entry (reason)")  # begun before a failure
        try:
            built = run_on_the_trail()
            assert superuser.execute(joined).fetchone() == superuser.execute(partitions).fetchone() == (len(built),)
            assert superuser.execute(VALID, ["audit_entry_reason"]).fetchone() == (True,)
            assert run_on_the_trail() == []
        finally:
            superuser.execute("DROP INDEX audit_entry_reason, audit_entry_reason_idx")
