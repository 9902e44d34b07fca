"""Two tenants with data, to show that the administrators of one find nothing of the other, and a superuser."""

from tests.support.administrator import administrator, root
from tests.tenancy.conftest import town

__all__ = ["administrator", "root", "town"]
