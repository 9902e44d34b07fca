"""A person who wants to use another account can choose one at the provider.

The kind of fault: a page tells a person to use another account, but the provider, which has a session, signs the same
account in again without asking.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import User
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another
from tests.flows.test_keeping_the_way import NEXT, try_again

pytestmark = pytest.mark.django_db

CHOOSING = {"google": "select_account", "microsoft": "select_account", "github": "select_account", "keycloak": "login"}


def prompt(started: Any) -> str:
    """The prompt that the provider is asked for."""
    return str(parse_qs(urlsplit(started.headers["Location"]).query).get("prompt", [""])[0])


def test_each_provider_is_asked_with_its_own_parameter_and_only_then(browser: Browser, provider: str) -> None:
    assert prompt(browser.start(provider, account="another")) == CHOOSING[provider]
    assert prompt(browser.start(provider)) == ""
    for other in ("other", "another ", "select_account"):
        assert prompt(browser.start(provider, account=other)) == ""


@pytest.mark.promise(15)
def test_no_parameter_of_a_visitor_reaches_the_provider(browser: Browser, provider: str) -> None:
    started = browser.start(provider, account="another", prompt="none", login_hint="eve@example.com", max_age="1")

    assert prompt(started) == CHOOSING[provider]
    assert "login_hint" not in started.headers["Location"]
    assert "none" not in parse_qs(urlsplit(started.headers["Location"]).query)["prompt"]


def test_the_pages_on_the_way_keep_it(browser: Browser, provider: str) -> None:
    page = browser.get(f"/accounts/login/?account=another&next={NEXT}".replace("&c=", "%26c=")).content.decode()
    assert page.count("account=another") >= 4
    confirm = browser.get(f"/accounts/{provider}/login/?account=another").content.decode()
    assert "let you choose an account" in confirm
    assert f'action="/accounts/{provider}/login/?account=another"' in confirm
    assert ("Restart login" in confirm) == (provider == "keycloak")


def test_after_a_clash_people_can_use_another_account(browser: Browser, provider: str) -> None:
    User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)
    page = browser.sign_in(provider, "ada", next=NEXT)

    assert page.status_code == 409
    again = next(
        link.replace("&amp;", "&")
        for link in page.content.decode().split('"')
        if link.startswith(f"/accounts/{provider}/login/") and "another" in link
    )
    assert parse_qs(urlsplit(again).query) == {"next": [NEXT], "account": ["another"]}
    assert "Use another account at" in page.content.decode()


@pytest.mark.parametrize("why", ["inactive", "identity of another"])
def test_a_refusal_of_this_very_account_does_not_offer_the_same_again(
    browser: Browser, providers: Sandbox, provider: str, why: str
) -> None:
    if why == "inactive":
        browser.sign_in(provider, "grace")
        User.objects.update(is_active=False)
        page = browser.sign_in(provider, "grace", next=NEXT)
    else:
        browser.sign_in(another(provider), "grace")
        browser.post("/accounts/logout/")
        browser.sign_in(provider, "ada")
        page = browser.connect(another(provider), "grace")

    assert page.status_code in {403, 409}
    again = try_again(page)
    assert parse_qs(urlsplit(again).query)["account"] == ["another"]
    assert b"Use another account at" in page.content
    assert b"Try again with" not in page.content


def test_other_refusals_offer_the_same_and_keep_the_choice(browser: Browser, provider: str) -> None:
    plain = try_again(browser.get(browser.callback_url(provider, None)))
    chosen = try_again(browser.get(browser.callback_url(provider, None, account="another")))

    assert "account=" not in plain
    assert "account=another" in chosen


def test_signing_out_to_use_another_account_leads_to_a_choice_and_back(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    page = browser.get(f"/accounts/logout/?account=another&next={NEXT}".replace("&c=", "%26c=")).content.decode()
    assert "account=another" in page
    left = browser.post("/accounts/logout/?account=another&next=/accounts/sessions/")

    told = parse_qs(urlsplit(left.headers["Location"]).query)
    assert told == {"next": ["/accounts/sessions/"], "account": ["another"]}
    doors = browser.get(left.headers["Location"]).content.decode()
    assert f"/accounts/{provider}/login/?next=/accounts/sessions/&amp;account=another" in doors.replace("%2F", "/")


def test_the_link_on_a_refusal_leads_there(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    User.objects.update(is_staff=False)
    door = browser.get("/admin/login/?next=/admin/").content.decode()

    assert "/accounts/google/login/?next=/admin/&amp;account=another" in door.replace("%2F", "/")
