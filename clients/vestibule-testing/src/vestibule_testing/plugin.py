"""The fixtures, which pytest finds by itself once the package is installed."""

import os
from collections.abc import Callable, Iterator, Mapping

import pytest

from vestibule_testing.people import Person
from vestibule_testing.running import running
from vestibule_testing.tenants import Tenant
from vestibule_testing.trail import Recorded
from vestibule_testing.vestibule import Vestibule


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("vestibule_home", "the checkout of Vestibule that tests run; VESTIBULE_HOME wins", default="")


@pytest.fixture(scope="session")
def vestibule_settings() -> Mapping[str, str]:
    """Settings of Vestibule, as in its `.env.example`. Define a fixture of this name to choose other ones."""
    return {}


@pytest.fixture(scope="session")
def vestibule(pytestconfig: pytest.Config, vestibule_settings: Mapping[str, str]) -> Iterator[Vestibule]:
    """Vestibule and its sandbox, started for this run of the tests, and empty but for the demo's people."""
    named = os.environ.get("VESTIBULE_HOME") or pytestconfig.getini("vestibule_home")
    if not named:
        pytest.fail("VESTIBULE_HOME, or vestibule_home in pytest's configuration, must name a checkout of Vestibule")
    with running((pytestconfig.rootpath / named).resolve(), vestibule_settings) as found:
        yield found


@pytest.fixture(scope="session")
def sign_in_as(vestibule: Vestibule) -> Callable[..., Person]:
    """``Vestibule.sign_in_as``."""
    return vestibule.sign_in_as


@pytest.fixture(scope="session")
def make_tenant(vestibule: Vestibule) -> Callable[..., Tenant]:
    """``Vestibule.make_tenant``."""
    return vestibule.make_tenant


@pytest.fixture(scope="session")
def token_for(vestibule: Vestibule) -> Callable[..., str]:
    """``Vestibule.token_for``."""
    return vestibule.token_for


@pytest.fixture(scope="session")
def client_token(vestibule: Vestibule) -> Callable[..., str]:
    """``Vestibule.client_token``."""
    return vestibule.client_token


@pytest.fixture
def assert_audited(vestibule: Vestibule) -> Recorded:
    """Asserts that something was recorded since the test began: call it with a kind of entry."""
    return vestibule.trail.begin()
