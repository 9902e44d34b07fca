"""A pytest plugin for a run in which no signal announces changes."""

import pytest

from audit import announce


@pytest.fixture(scope="session", autouse=True)
def _no_receivers(django_db_setup: None) -> None:
    announce.disconnect()
