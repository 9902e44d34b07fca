"""Statements that wait for a table to be free: for a while, and so that nobody queues behind them."""

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, ProgrammingError, connection

from foundation import lock_timeout
from foundation.lock_timeout import run_with_lock_timeout
from tests.support.held_locks import released_after_one_failure
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)

RENAME = ["UPDATE auth_group SET name = 'renamed'"]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_timeout, "WAITS", "10ms")
    monkeypatch.setattr(lock_timeout, "REST", 0.01)


@pytest.fixture
def holding(servers: Servers) -> Iterator[psycopg.Connection]:
    """Somebody who holds the table."""
    Group.objects.create(name="staff")
    with psycopg.connect(servers.owner_url) as holding:
        holding.execute("LOCK TABLE auth_group IN ACCESS EXCLUSIVE MODE")
        yield holding


def test_a_table_that_comes_free_is_had_at_the_next_try(holding: psycopg.Connection) -> None:
    with released_after_one_failure(holding):
        run_with_lock_timeout(connection, RENAME)
    assert Group.objects.get().name == "renamed"


def test_a_table_that_somebody_holds_on_to_is_given_up(
    holding: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_timeout, "TRIES", 2)
    with pytest.raises(OperationalError, match="lock timeout"):
        run_with_lock_timeout(connection, RENAME)

    holding.rollback()
    assert Group.objects.get().name == "staff"


def test_what_fails_otherwise_is_not_tried_again() -> None:
    with pytest.raises(ProgrammingError, match="nowhere"):
        run_with_lock_timeout(connection, ["UPDATE nowhere SET name = ''"])
