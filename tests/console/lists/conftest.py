"""A superuser in the admin, and people to find there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.support.administrator import administrator
from tests.tenancy.conftest import town

__all__ = ["administrator", "town"]  # re-exported for the tests here

PEOPLE = "/admin/accounts/user/"
Crowd = Callable[[int], list[User]]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser(username="root", name="Root", created_at=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.fixture
def crowd(db: None) -> Crowd:
    """Create people in pairs with the same creation time. All have an email address and one of seven names."""

    def create(count: int) -> list[User]:
        begun = datetime(2026, 1, 1, tzinfo=UTC)
        return User.objects.bulk_create(
            User(
                name=f"Person {number % 7}",
                email=f"person{number:04}@example.com",
                email_verified=number % 2 == 0,
                created_at=begun + timedelta(minutes=number // 2),
            )
            for number in range(count)
        )

    return create


@contextmanager
def uncounted() -> Iterator[None]:
    """Fail if anything is counted without a limit meanwhile."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        yield
    assert asked.captured_queries
    assert [query["sql"] for query in asked.captured_queries if _counts_all(query["sql"].upper())] == []


def _counts_all(sql: str) -> bool:
    return "COUNT(" in sql and " LIMIT " not in sql
