"""A person at a browser, for whole stories through URLs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from config.embedded.programs import any_free_port
from sandbox.providers import ALL_PROVIDERS
from sandbox.server import Sandbox
from tests.support.memory import forget_providers
from tests.tenancy.conftest import town

__all__ = ["town"]  # a fixture of these tests too


@dataclass
class Browser:
    """One browser of one person. ``providers`` are the providers that it is redirected to."""

    providers: Sandbox
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def post(self, path: str, data: dict[str, str] | None = None) -> Any:
        return self.client.post(path, data or {})

    def start(self, provider: str, **parameters: str) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.post(f"/accounts/{provider}/login/{query}")

    def callback_url(self, provider: str, persona: str | None, **parameters: str) -> str:
        """Start a sign-in, pick a persona at the provider, and return the callback URL."""
        started = self.start(provider, **parameters)
        assert started.status_code == 302, started.content
        return self.providers.visit(started.headers["Location"], persona)

    def sign_in(self, provider: str, persona: str | None, **parameters: str) -> HttpResponse:
        response: HttpResponse = self.get(self.callback_url(provider, persona, **parameters))
        return response

    def connect(self, provider: str, persona: str) -> HttpResponse:
        return self.sign_in(provider, persona, process="connect")

    @property
    def key(self) -> str:
        """The session key in this browser's cookie."""
        return self.client.cookies["sessionid"].value

    @property
    def account(self) -> str | None:
        """The id of the account that this browser is signed in to, according to the site's API."""
        answer = self.get("/api/v1/me")
        assert answer.status_code in {200, 401}, answer.content
        account: str | None = answer.json()["id"] if answer.status_code == 200 else None
        return account


@pytest.fixture
def browser(providers: Sandbox) -> Browser:
    return Browser(providers)


@pytest.fixture
def new_browser(providers: Sandbox) -> Callable[[], Browser]:
    return lambda: Browser(providers)


@pytest.fixture(params=[str(provider) for provider in ALL_PROVIDERS])
def provider(request: pytest.FixtureRequest) -> str:
    """Each of the four providers in turn."""
    name: str = request.param
    return name


@pytest.fixture
def turn_off(settings: Any) -> Callable[[str], None]:
    """Turn a provider off, as an operator does who removes its client id and restarts the product."""

    def off(provider: str) -> None:
        changed = settings.SIGN_IN_PROVIDERS[provider] | {"client_id": ""}
        settings.SIGN_IN_PROVIDERS = settings.SIGN_IN_PROVIDERS | {provider: changed}
        forget_providers()  # with their persistent connections, which would stay open

    return off


@pytest.fixture
def cache_away(settings: Any, providers: Sandbox) -> Iterator[Callable[[], None]]:
    """Return a function that moves the cache to a port on which nothing listens."""
    before = settings.CACHES

    def away() -> None:
        elsewhere = before["default"] | {"LOCATION": f"redis://127.0.0.1:{any_free_port()}/0"}
        settings.CACHES = {"default": elsewhere}
        _forget_connections()

    yield away
    settings.CACHES = before
    _forget_connections()


def _forget_connections() -> None:
    caches.close_all()


@pytest.fixture
def later(time_machine: Any) -> Callable[..., None]:
    """Let half a minute pass: the code that added an app is used up, and the next one is valid."""

    def go_on(**time: float) -> None:
        time_machine.move_to(datetime.now(UTC) + timedelta(**(time or {"seconds": 31})))

    return go_on


def another(provider: str) -> str:
    """A provider other than this one."""
    names = [str(name) for name in ALL_PROVIDERS]
    return names[(names.index(provider) + 1) % len(names)]


def refusals() -> list[str]:
    """The reasons of all refused sign-ins in the trail, oldest first."""
    entries = Entry.objects.filter(action="sign_in.refused").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]
