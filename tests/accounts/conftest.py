"""What the tests of accounts share with those of tenants."""

from tests.tenancy.conftest import town

__all__ = ["town"]
