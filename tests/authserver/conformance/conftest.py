"""A site like one that is to be certified: reached by https, with a person who signs in by a password."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from accounts.sign_in.local.registration import open_local_account
from authserver.keys import pairs, ring
from authserver.models import SigningAlgorithm
from tests.authserver.conformance.browser import OP, Person
from tests.authserver.conformance.suite import Suite
from tests.support.memory import forget_providers

EMAIL, PASSWORD = "ada@example.org", "teapot gravel umbrella"


@pytest.fixture(scope="session")
def signing_keys() -> list[str]:
    """Keys that are generated once, because it takes time. The one for RS256 is not the first."""
    return [pairs.generate(algorithm).pem for algorithm in reversed(SigningAlgorithm)]


@pytest.fixture(autouse=True)
def _site(settings: Any, signing_keys: list[str]) -> Iterator[None]:
    """Set up a site at an https address, with local accounts only: its pages need no other server."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = OP, [OP.removeprefix("https://")]
    settings.CSRF_TRUSTED_ORIGINS, settings.LOCAL_ACCOUNTS = [OP], "open"
    settings.OIDC_SIGNING_KEYS = signing_keys
    settings.SIGN_IN_PROVIDERS = {
        name: values | {"client_id": ""} for name, values in settings.SIGN_IN_PROVIDERS.items()
    }
    forget_providers()
    ring.forget()
    yield
    forget_providers()
    ring.forget()


@pytest.fixture
def ada(db: None) -> User:
    return open_local_account(EMAIL, "Ada Lovelace", PASSWORD)


@pytest.fixture
def person(ada: User) -> Person:
    """A person who has an account and is not signed in."""
    return Person(email=str(ada.email), password=PASSWORD)


@pytest.fixture
def response_mode() -> str:
    """How answers come back to the client, unless a plan says otherwise."""
    return "query"


@pytest.fixture
def suite(person: Person, response_mode: str) -> Suite:
    return Suite(person, response_mode)
