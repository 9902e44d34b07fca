"""Vestibule over real HTTP, for clients that nobody here wrote, and people with browsers who sign in there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django.live_server_helper import LiveServer

from authserver.keys import ring
from sandbox.server import Sandbox
from tests.authserver.peers.person import Person


@pytest.fixture
def vestibule(live_server: LiveServer, settings: Any, providers: Sandbox) -> Iterator[str]:
    """Give the issuer. Its host is `localhost`, and those of peers are 127.0.0.1: browsers keep their cookies apart."""
    before = providers.public_url
    settings.PUBLIC_URL = providers.public_url = live_server.url
    cache.clear()
    ring.forget()
    yield live_server.url
    ring.forget()
    providers.public_url = before


@pytest.fixture
def ada(vestibule: str, providers: Sandbox) -> Person:
    """Give a person who has not signed in yet."""
    return Person(providers)
