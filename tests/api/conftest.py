"""What the tests of the API share: two tenants, and keys that are read anew."""

from tests.authserver.conftest import _keys_of_no_other_test
from tests.tenancy.conftest import town

__all__ = ["_keys_of_no_other_test", "town"]
