"""What the tests of the API share: two tenants, keys that are read anew, and no guesses of another test."""

import pytest
from django.core.cache import cache

from accounts.sign_in import credential_throttle
from foundation.windows import Windows
from tests.authserver.conftest import _keys_of_no_other_test
from tests.tenancy.conftest import town

__all__ = ["_keys_of_no_other_test", "town"]


@pytest.fixture(autouse=True)
def _no_guesses_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(credential_throttle, "FULL", Windows())
