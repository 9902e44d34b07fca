"""One running sandbox for all its tests, which is reset after each test, and a client for it."""

import os
from collections.abc import Iterator

import pytest

from sandbox.config import Config
from sandbox.server import Sandbox
from tests.sandbox.relying_party import Client


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(Config(port=0)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.public_url = running.config.public_url
    running.reset()


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment for a sandbox process of its own."""
    return {"PATH": os.environ["PATH"], "MODE": "development"}
