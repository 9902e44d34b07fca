"""Fixtures that the tests of accounts share with those of tenancy."""

from tests.tenancy.conftest import town

__all__ = ["town"]
