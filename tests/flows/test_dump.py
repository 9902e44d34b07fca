"""Nobody can impersonate a person with the tables, Redis or the log, now or in a copy: they contain no cookie."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Session, User
from accounts.models.session import row_key
from tests.flows.conftest import Browser
from tests.flows.factors import PROVE, add_app
from tests.support.authenticator import code
from tests.support.leaks import in_redis, in_tables, in_text, log_of_everything
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)

COOKIE = "sessionid"
PASSWORD = "a lantern in the stairwell"


def cookies(browser: Browser, name: str) -> dict[str, str]:
    """All cookies except the one that names the provider used last, which opens nothing."""
    held = {cookie.key: cookie.value for cookie in browser.client.cookies.values() if cookie.value}
    return {f"{name}: {key}": value for key, value in held.items() if key != "last_provider"}


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/accounts/").status_code == 200)


@pytest.mark.promise(34, 76)
def test_no_cookie_is_in_any_table_in_redis_or_in_the_log(
    new_browser: Callable[[], Browser], servers: Servers, settings: Any, provider: str
) -> None:
    """The kind of fault: a browser's secret is stored in plain text. Sessions, pending attempts, known browsers."""
    settings.LOCAL_ACCOUNTS = "open"
    User.objects.create_user(username="nora", password=PASSWORD)
    held: dict[str, str] = {}
    with log_of_everything() as log:
        plain = new_browser()
        plain.get("/accounts/login/")
        plain.start(provider)
        held |= cookies(plain, "on the way")
        plain.sign_in(provider, "grace", remember="on")
        plain.start("github", process="connect")
        held |= cookies(plain, "signed in")
        secret = add_app(plain)[0]
        held |= cookies(plain, "with a factor")
        waiting = new_browser()
        waiting.sign_in(provider, "grace")
        assert not is_in(waiting)
        held |= cookies(waiting, "waiting")
        waiting.post(PROVE, {"code": code(secret, steps_ago=-1)})
        assert waiting.account
        held |= cookies(waiting, "by two")
        local = new_browser()
        local.post("/accounts/local/login/", {"name": "nora", "password": PASSWORD})
        assert local.account
        held |= cookies(local, "local")
        plain.post("/accounts/logout/?there_too=on")
        held |= cookies(plain, "signed out")

    assert {name.partition(": ")[2].partition("_")[0] for name in held} >= {COOKIE, "flow", "known"}
    assert in_tables(servers, {"a row's key": row_key(local.key)}), "the search does find"
    assert in_tables(servers, held) == set()
    assert in_redis(servers.valkey.url, held) == set()
    assert in_text(log.getvalue(), held) == set()


@pytest.mark.promise(34, 76)
def test_the_contents_of_a_row_open_nothing(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    """The kind of fault: a value of the table is valid as a cookie, whole or in part."""
    browser.sign_in("google", "ada")
    row = Session.objects.of_browser(browser.key).get()
    thief = new_browser()
    for planted in (
        row.session_key,
        row.session_key[:32],
        row.session_key.upper(),
        row.public_id,
        row.public_id * 2,
        row_key(row.session_key[:32]),
        "",
    ):
        thief.client.cookies[COOKIE] = planted
        assert thief.account is None, planted
        assert not is_in(thief), planted
    assert browser.account
