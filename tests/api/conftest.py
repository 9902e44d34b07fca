"""What the tests of the API share: two tenants, keys that are read anew, and no guesses of another test."""

from typing import Any

import pytest
from django.core.cache import cache

from accounts.sign_in import api_limits, credential_throttle
from accounts.sign_in.rate_limits import Limit
from foundation.permits import Permits
from foundation.windows import Windows
from tests.authserver.conftest import _keys_of_no_other_test
from tests.tenancy.conftest import town

__all__ = ["_keys_of_no_other_test", "town"]


@pytest.fixture(autouse=True)
def _no_guesses_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(credential_throttle, "FULL", Windows())


@pytest.fixture
def _three_a_minute(monkeypatch: pytest.MonkeyPatch, time_machine: Any) -> None:
    """Let a credential ask three times in a minute, which does not end during the test."""
    monkeypatch.setattr(api_limits, "OF_CREDENTIAL", Limit(kind="api.credential", most=3, seconds=60))
    monkeypatch.setattr(api_limits, "PERMITS", Permits())
    time_machine.move_to(1_796_000_400, tick=False)


@pytest.fixture
def _five_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    of_ip_address = Limit(kind="api_failures.ip_address", most=5, seconds=60)
    monkeypatch.setattr(credential_throttle, "OF_IP_ADDRESS", of_ip_address)
