"""The system checks that say when the guard is not there."""

from collections.abc import Iterator

import psycopg
import pytest
from django.core.checks import run_checks

from config.database import as_owner
from tenancy.checks import guarded_models
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)


def said() -> list[str | None]:
    return [fault.id for fault in run_checks(databases=["default"]) if str(fault.id).startswith("accounts.")]


@pytest.fixture
def superuser(servers: Servers) -> Iterator[None]:
    with as_owner(servers.superuser_url):
        yield


@pytest.mark.promise(73)
def test_the_runtime_role_passes() -> None:
    assert said() == []


@pytest.mark.promise(73)
def test_a_superuser_is_refused(superuser: None) -> None:
    assert said() == ["accounts.E001"]


@pytest.mark.promise(73)
def test_a_role_that_passes_by_is_refused(servers: Servers) -> None:
    with as_owner(servers.backup_url):
        assert said() == ["accounts.E001"]


@pytest.mark.promise(73)
def test_an_open_table_is_named(servers: Servers) -> None:
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE accounts_membership NO FORCE ROW LEVEL SECURITY")
        try:
            assert said() == ["accounts.E002"]
        finally:
            owner.execute("ALTER TABLE accounts_membership FORCE ROW LEVEL SECURITY")
    assert {"accounts_membership"} <= {model._meta.db_table for model in guarded_models()}
