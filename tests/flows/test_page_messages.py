"""Messages about what was done are shown once, and only we can set them, not a link (ADR 46)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from foundation import lifetimes
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db(transaction=True)

SAID = [
    ("/accounts/logout/", {}, "/accounts/login/", "You are signed out."),
    ("/accounts/name/", {"name": "Augusta"}, "/accounts/", "Your name is saved."),
    ("/accounts/sessions/revoke-others/", {}, "/accounts/sessions/", "Signed out there."),
]
FORGED = [
    "/accounts/login/?notice=signed_out",
    "/accounts/login/?notice=signed_out_there&provider=keycloak",
    "/accounts/login/?notice=password_chosen",
    "/accounts/login/?choice=on",
    "/accounts/?name_changed&email_changed",
    "/accounts/connections/?notice=connected",
    "/accounts/connections/?notice=renewed",
    "/accounts/sessions/?revoked",
    "/accounts/second-factor/?notice=removed",
    "/accounts/organizations/?notice=primary",
    "/accounts/email/?cancelled&requested",
]


@pytest.mark.parametrize(("path", "posted", "lands", "words"), SAID)
def test_what_was_done_is_shown_once(
    browser: Browser, path: str, posted: dict[str, str], lands: str, words: str
) -> None:
    browser.sign_in("github", "ada")
    answer = browser.post(path, posted)

    assert answer.headers["Location"] == lands
    assert words in browser.get(lands).content.decode()
    assert words not in browser.get(lands).content.decode()


@pytest.mark.parametrize("address", FORGED)
def test_a_link_cannot_show_a_message(browser: Browser, address: str) -> None:
    if "login" not in address:
        browser.sign_in("github", "ada")

    assert 'class="notice' not in browser.get(address).content.decode()


@pytest.mark.parametrize("spoil", [lambda value: value + "A", lambda _: '[["__json_message",0,25,"Paid."]]'])
def test_an_unsigned_cookie_shows_no_message(browser: Browser, spoil: Callable[[str], str]) -> None:
    browser.sign_in("github", "ada")
    browser.post("/accounts/name/", {"name": "Augusta"})
    browser.client.cookies["messages"] = spoil(browser.client.cookies["messages"].value)

    page = browser.get("/accounts/")
    assert page.status_code == 200
    assert 'class="notice' not in page.content.decode()


def test_the_advice_to_connect_another_method_is_shown_only_where_it_applies(
    browser: Browser, time_machine: Any
) -> None:
    browser.sign_in("keycloak", "ada")
    words = "You can connect another sign-in method now."

    assert words in browser.get("/accounts/connections/?connect").content.decode()
    time_machine.move_to(datetime.now(UTC) + lifetimes.REAUTHENTICATION + timedelta(minutes=2))
    assert words not in browser.get("/accounts/connections/?connect").content.decode()
