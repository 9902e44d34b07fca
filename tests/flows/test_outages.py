"""Outages of our own servers: people get a page in bounded time, and nothing is written in part."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Identity, Session, User
from config.embedded.programs import any_free_port
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another, refusals

pytestmark = pytest.mark.django_db


@pytest.mark.promise(16, 79)
def test_without_the_cache_nobody_is_signed_in_twice_and_nothing_is_written_in_part(
    browser: Browser, cache_away: Callable[[], None], provider: str
) -> None:
    callback = browser.callback_url(provider, "ada")
    cache_away()
    started_at = time.monotonic()
    response = browser.get(callback)

    assert response.status_code == 503
    assert time.monotonic() - started_at < 5
    assert (User.objects.count(), Identity.objects.count(), Session.objects.count()) == (0, 0, 0)
    assert refusals() == ["store_unreachable"]


@pytest.mark.promise(79)
def test_without_the_cache_pages_and_sessions_still_work(
    browser: Browser, cache_away: Callable[[], None], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    account = browser.account
    cache_away()
    started_at = time.monotonic()

    assert browser.account == account is not None
    assert browser.get("/accounts/").status_code == 200
    assert browser.start(provider).status_code == 302
    assert Client().get("/accounts/login/").status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302
    assert (browser.account, Session.objects.count()) == (None, 0)
    assert time.monotonic() - started_at < 10


@pytest.mark.promise(38, 79)
def test_without_the_cache_a_sign_out_at_the_provider_still_works(
    browser: Browser, providers: Sandbox, cache_away: Callable[[], None]
) -> None:
    browser.sign_in("keycloak", "ada")
    token = providers.logout_token(providers.sessions("keycloak")[0].sid)
    cache_away()
    answer = Browser(providers).post("/accounts/keycloak/backchannel-logout/", {"logout_token": token})

    assert answer.status_code == 200
    assert (browser.account, Session.objects.filter(user__isnull=False).count()) == (None, 0)


@pytest.mark.slow
@pytest.mark.promise(43, 80)
@pytest.mark.django_db(transaction=True)
def test_without_the_database_there_is_a_page_that_says_so(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    callback = browser.callback_url("keycloak", "grace")
    started_at = time.monotonic()
    with _without_database():
        signed_in, finishing = browser.get("/accounts/"), browser.get(callback)
        leaving = browser.post("/accounts/logout/")
        entering: Any = Client(raise_request_exception=False).get("/accounts/login/")

    assert [signed_in.status_code, finishing.status_code, leaving.status_code] == [503, 503, 503]
    assert entering.status_code == 200
    assert signed_in.headers["Retry-After"] == "5"
    assert time.monotonic() - started_at < 15
    assert browser.account is not None
    assert User.objects.count() == 1


def test_a_provider_that_is_off_says_so_and_offers_the_others(
    browser: Browser, turn_off: Callable[[str], None], provider: str
) -> None:
    turn_off(provider)
    page = browser.get("/accounts/login/").content
    responses = [
        browser.get(f"/accounts/{provider}/login/"),
        browser.post(f"/accounts/{provider}/login/"),
        browser.get(f"/accounts/{provider}/login/callback/?code=a&state={'A' * 43}"),
    ]

    assert f"/accounts/{provider}/login/".encode() not in page
    assert f"/accounts/{another(provider)}/login/".encode() in page
    assert {response.status_code for response in responses} == {404}
    assert all(b"This sign-in method is closed" in response.content for response in responses)
    assert refusals() == ["provider_off"] * 3


@pytest.mark.promise(21)
def test_a_refusal_leaves_the_signed_in_person_signed_in(browser: Browser, providers: Sandbox, provider: str) -> None:
    browser.sign_in(provider, "ada")
    account = browser.account
    cancelled = browser.get(browser.callback_url(provider, None))
    providers.set_fault(provider, "token_500")
    failed = browser.sign_in(provider, "ada")

    assert (cancelled.status_code, failed.status_code) == (403, 424)
    assert browser.account == account is not None
    assert re.search(rb"<h1>Sign-in cancelled</h1>", cancelled.content)


@contextmanager
def _without_database() -> Iterator[None]:
    """Send new connections to a port on which nothing listens."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], str(any_free_port())
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["PORT"] = port
