"""Two towns' worth of data, so that nothing of one is found where the other's administrators work; and who sees all."""

from tests.support.administrator import administrator, root
from tests.tenancy.conftest import town

__all__ = ["administrator", "root", "town"]
