"""Every audited model, found by introspection, with every way in which a row can be written."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.db import connection, models

from audit.declarations import audited
from config.embedded.postgres import WHEEL
from tests.audit.everyday_sql import EVERY_WAY, script
from tests.audit.everyday_writes import Table
from tests.audit.truth import exactly_what_happened
from tests.support.servers import Servers

MODELS = [model for model, _declaration in audited()]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
pytestmark = pytest.mark.usefixtures("witness")


@pytest.fixture
def in_a_transaction(db: None) -> Iterator[None]:
    with _whole_site():
        yield


@pytest.fixture
def in_autocommit(transactional_db: None) -> Iterator[None]:
    with _whole_site():
        yield


@contextmanager
def _whole_site() -> Iterator[None]:
    """Give this connection access to every tenant's rows, inside and outside of transactions."""
    with connection.cursor() as cursor:
        cursor.execute("SET app.scope = 'site'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET app.scope")


@pytest.mark.promise(74)
def test_the_models_include_those_of_libraries_and_many_to_many_tables() -> None:
    labels = {model._meta.label for model in MODELS}
    assert {"accounts.User", "auth.Group", "account.EmailAddress", "mfa.Authenticator"} <= labels
    assert {"accounts.User_groups", "auth.Group_permissions", "accounts.Role_permissions"} <= labels


@every_model
@pytest.mark.usefixtures("in_a_transaction")
@pytest.mark.promise(74)
def test_in_a_transaction_each_changed_row_has_one_entry(model: type[models.Model]) -> None:
    _write_in_every_way(model)


@every_model
@pytest.mark.usefixtures("in_autocommit")
@pytest.mark.promise(74)
def test_in_autocommit_each_changed_row_has_one_entry(model: type[models.Model]) -> None:
    _write_in_every_way(model)


@pytest.mark.process
@every_model
@pytest.mark.usefixtures("in_autocommit")
@pytest.mark.promise(74)
def test_changes_by_psql_without_django_have_one_entry_for_each_row(
    model: type[models.Model], servers: Servers
) -> None:
    table = Table(model, exactly_what_happened)
    said, actions = script(table)
    with exactly_what_happened() as entries:
        psql(servers.runtime_url, "SET app.scope = 'site';\n" + said)
    table.is_told(entries, *actions)
    assert {str(entry.actor) for entry in entries} == {"database: vestibule_app"}


def _write_in_every_way(model: type[models.Model]) -> None:
    table = Table(model, exactly_what_happened)
    for name, write in EVERY_WAY.items():
        try:
            write(table)
        except Exception as failed:
            failed.add_note(f"by the way: {name}")
            raise


def psql(url: str, said: str) -> None:
    package = find_spec(WHEEL)
    assert package
    assert package.origin
    program = max(Path(package.origin).parent.glob("pginstall*/bin/psql"))
    command: list[str | Path] = [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", url]
    done = subprocess.run(command, input=said, env={}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
