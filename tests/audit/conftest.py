"""Fixtures: the witness that logs every change, and the people of these tests."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.audit import truth
from tests.support.servers import Servers


@pytest.fixture(scope="session")
def witness(django_db_setup: None, django_db_blocker: DjangoDbBlocker, servers: Servers) -> Iterator[None]:
    truth.call_witness(servers.owner_url)
    yield
    truth.dismiss_witness(servers.owner_url)
