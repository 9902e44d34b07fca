"""One Keycloak for all of these tests, and the product set up as its client."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from pytest_django.live_server_helper import LiveServer

from tests.keycloak.distribution import NotHere, find
from tests.keycloak.person import Person
from tests.keycloak.server import CLIENT, Keycloak
from tests.support.memory import forget_providers


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    keycloak = Keycloak(home=_home(), log=tmp_path_factory.mktemp("keycloak") / "log")
    process = keycloak.start()
    yield keycloak
    os.killpg(process.pid, signal.SIGKILL)  # a group of its own: the script and its Java
    process.wait()


def _home() -> Path:
    try:
        return find()
    except NotHere as missing:
        pytest.skip(str(missing))


@pytest.fixture
def keycloak(server: Keycloak, live_server: LiveServer, settings: Any) -> Iterator[Keycloak]:
    """A realm with the product as its client and Ada. The product listens where Keycloak tells of sign-outs."""
    told = {"client_id": CLIENT, "client_secret": server.secret, "issuer": server.issuer}
    changed = settings.SIGN_IN_PROVIDERS["keycloak"] | told
    settings.SIGN_IN_PROVIDERS = settings.SIGN_IN_PROVIDERS | {"keycloak": changed}
    forget_providers()
    logout_url = f"{live_server.url}/accounts/keycloak/backchannel-logout/"
    server.make_new(public_url=product.PUBLIC_URL, logout_url=logout_url)
    yield server
    forget_providers()


@pytest.fixture
def ada(keycloak: Keycloak) -> Person:
    return Person()


@pytest.fixture
def grace(keycloak: Keycloak) -> Person:
    keycloak.add_person("grace", "Grace", "Hopper")
    return Person(username="grace")
