"""What the tests of the auth server share: keys that are read anew, and two tenants."""

from collections.abc import Iterator

import pytest

from authserver.keys import ring
from tests.tenancy.conftest import town

__all__ = ["town"]


@pytest.fixture(autouse=True)
def _keys_of_no_other_test() -> Iterator[None]:
    """Let no test sign with keys that this process has read in another, where the clock may have been moved."""
    ring.forget()
    yield
    ring.forget()
