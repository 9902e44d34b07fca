"""The setup of all tests: real servers that start before Django is set up, and tables that the owner creates."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import celery
import django
import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import caches
from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from config.embedded.programs import any_free_port
from sandbox.server import Sandbox
from tests.support import emptying, needs
from tests.support.memory import forget_providers
from tests.support.post import Post
from tests.support.servers import Servers, product_environment, start

# This cannot be a fixture, because Django reads its settings when the first test module is imported.
_SERVERS = start()
_SANDBOX = Sandbox()
_SANDBOX.start()
os.environ.update(product_environment(_SERVERS), **_SANDBOX.environment(), DJANGO_SETTINGS_MODULE="config.settings")
django.setup()
celery.current_app.loader.import_default_modules()  # as in a worker, so that any first test finds all tasks
_WATCH = needs.Watch()
settings.WHITENOISE_AUTOREFRESH = True  # a new client looks for a file when it is asked for one, and not for all before

from authserver.keys import pairs, ring  # noqa: E402  # it needs the line above, as do these
from authserver.models import SigningAlgorithm  # noqa: E402
from tests.support.hashes import make_cheap, real_hashes  # noqa: E402  # they need the line above
from tests.support.stories import Stories  # noqa: E402

__all__ = ["real_hashes"]  # a fixture of all tests
make_cheap()
# Generating keys for each test would take a third of a second.
settings.OIDC_SIGNING_KEYS = [pairs.generate(algorithm).pem for algorithm in SigningAlgorithm]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="run what `make test-fast` does (tests/support/needs.py)")
    parser.addoption("--examples", type=int, help="new examples of each operation of the API, as `make schema` tries")


def pytest_configure(config: pytest.Config) -> None:
    stories = Stories(config, _SERVERS.superuser_url)
    stories.listen()
    config.pluginmanager.register(stories)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give each process of a parallel run its own servers, instead of a Django set up for those of the first."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _WATCH.item = item
    try:
        return (yield)
    finally:
        _WATCH.item = None


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needs.mark(items)
    if config.option.fast:
        config.hook.pytest_deselected(items=[item for item in items if not needs.is_fast(item)])
        items[:] = filter(needs.is_fast, items)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays: modules and thousands of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> Servers:
    return _SERVERS


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Close the connections that pages with buttons open to the providers in the background."""
    yield
    forget_providers()
    celery.current_app.pool.force_close_all()


@pytest.fixture
def post() -> Iterator[Post]:
    """Give the mails that are sent during the test, without earlier ones."""
    post = Post()
    post.work()
    mail.outbox.clear()
    yield post
    post.work()


@pytest.fixture
def providers() -> Iterator[Sandbox]:
    """Give the four providers, working again, after the product has forgotten everything about them."""
    _as_new()
    yield _SANDBOX
    _as_new()


def _as_new() -> None:
    """Wait for what another test's page still fetches in the background, and do not count it."""
    forget_providers()
    _SANDBOX.reset()
    _SANDBOX.public_url = _SANDBOX.config.public_url


@pytest.fixture
def cache_away(settings: Any, providers: Sandbox) -> Iterator[Callable[[], None]]:
    """Give a function that moves the cache to a port on which nothing listens."""
    before = settings.CACHES

    def away() -> None:
        elsewhere = before["default"] | {"LOCATION": f"redis://127.0.0.1:{any_free_port()}/0"}
        settings.CACHES = {"default": elsewhere}
        caches.close_all()

    yield away
    settings.CACHES = before
    caches.close_all()


@pytest.fixture
def stored_signing_keys(settings: Any) -> None:
    """Let the product generate and store its signing keys, as it does without OIDC_SIGNING_KEYS."""
    settings.OIDC_SIGNING_KEYS = []


@pytest.fixture(autouse=True)
def _in_no_other_tests_language() -> Iterator[None]:
    """Undo what LocaleMiddleware activates: the test client's requests run in the thread of the tests."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Create the tables as the owner, as an operator would. The tests themselves run as the runtime role."""
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
    emptying.keep(_SERVERS.superuser_url)
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]  # noqa: SLF001  # Django's hook, by its name


def _empty(test: TransactionTestCase) -> None:
    ring.forget()
    emptying.empty(_SERVERS.superuser_url)
