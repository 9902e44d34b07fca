"""Two towns' worth of data, so that nothing of one is found where the other's administrators work."""

from tests.tenancy.conftest import town

__all__ = ["town"]
