"""The product on a free port, the sandbox beside it on another host, and people with real browsers."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sandbox.providers import ALL_PROVIDERS
from sandbox.server import Sandbox
from tests.browser.chromium import find_or_skip, launch
from tests.browser.visitor import NewVisitor, Visitor

DEADLINE = 30_000  # milliseconds for anything that a page is waited for


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give one Chromium to a whole module.

    Playwright keeps an event loop running in this thread, and Django refuses its ORM beside one unless it is
    told that nobody awaits anything here; both end with the module, so that no other test meets them.
    """
    program = find_or_skip()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        launched = launch(playwright, program)
        yield launched
        launched.close()


@pytest.fixture
def home(live_server: LiveServer, settings: Settings, providers: Sandbox, stored_signing_keys: None) -> Iterator[str]:
    """Give the product's address: `localhost`, while the providers are at 127.0.0.1, another site as in real life."""
    before = providers.public_url
    settings.PUBLIC_URL = providers.public_url = live_server.url
    cache.clear()
    yield live_server.url
    providers.public_url = before


@pytest.fixture
def new_visitor(chromium: Browser, home: str, providers: Sandbox) -> Iterator[NewVisitor]:
    """Give people with a browser each; the test fails when any of the browsers has complained."""
    visitors: list[Visitor] = []
    with ExitStack() as at_the_end:

        def arrive(**options: Any) -> Visitor:
            context = chromium.new_context(**{"locale": "en-GB", "reduced_motion": "reduce"} | options)
            at_the_end.callback(context.close)
            context.set_default_timeout(DEADLINE)
            visitors.append(Visitor(context.new_page(), home, providers))
            return visitors[-1]

        yield arrive
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    return new_visitor()


@pytest.fixture(params=[str(provider) for provider in ALL_PROVIDERS])
def provider(request: pytest.FixtureRequest) -> str:
    """Each of the four, one after the other."""
    name: str = request.param
    return name


@pytest.fixture
def another() -> Callable[[str], str]:
    """Give a provider that is not the one."""
    names = [str(provider) for provider in ALL_PROVIDERS]
    return lambda provider: names[(names.index(provider) + 1) % len(names)]
