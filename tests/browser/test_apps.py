"""Apps that send people here to sign in: the way back to them, with a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from accounts.sign_in.local.registration import open_local_account
from tests.browser.visitor import NewVisitor, Visitor
from tests.support.apps import CALLBACK, App, app

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, PASSWORD = "ada@example.org", "teapot gravel umbrella"


@pytest.fixture
def own() -> App:
    return app()


def arriving(new_visitor: NewVisitor, *, script: bool) -> Visitor:
    """Return a visitor for whom the app has a page where people come back to it."""
    visitor = new_visitor(java_script_enabled=script)

    def welcome(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body="<!doctype html><title>Back</title><h1>Back</h1>")

    visitor.page.route(f"{CALLBACK}**", welcome)
    return visitor


def is_back_at_the_app(visitor: Visitor) -> None:
    visitor.reads("Back")
    assert visitor.page.url.startswith(CALLBACK)


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_with_a_password_signs_in_and_again_and_is_back_at_the_app(
    new_visitor: NewVisitor, own: App, settings: Any, mode: str, *, script: bool
) -> None:
    """The harm: in Chromium the form of a page that does not name the app leads nowhere (`form-action`)."""
    settings.LOCAL_ACCOUNTS = "open"
    open_local_account(EMAIL, "Ada Lovelace", PASSWORD)
    visitor = arriving(new_visitor, script=script)

    visitor.go(own.url(response_mode=mode))
    visitor.press("Sign in with a password")
    visitor.page.get_by_label("E-mail address or name").fill(EMAIL)
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.press("Sign in")
    _press_on(visitor, mode, script=script)
    visitor.go(own.url(response_mode=mode, prompt="login"))
    visitor.page.get_by_label("Your password").fill(PASSWORD)
    visitor.press("Go on")
    _press_on(visitor, mode, script=script)


def _press_on(visitor: Visitor, mode: str, *, script: bool) -> None:
    if mode == "form_post" and not script:
        visitor.press("Continue")
    is_back_at_the_app(visitor)


def test_a_person_with_a_provider_signs_in_and_is_back_at_the_app(
    new_visitor: NewVisitor, own: App, provider: str
) -> None:
    visitor = arriving(new_visitor, script=False)

    visitor.go(own.url())
    visitor.start(provider)
    visitor.choose("ada")

    is_back_at_the_app(visitor)


def test_the_page_that_asks_a_person_lets_its_form_lead_to_the_app(new_visitor: NewVisitor, provider: str) -> None:
    """Only that the browser goes there: a redirect cannot be answered in the app's place."""
    theirs, visitor = app(is_first_party=False), arriving(new_visitor, script=False)

    visitor.go(theirs.url(scope="openid email"))
    visitor.start(provider)
    visitor.choose("ada")
    visitor.reads("Let Harbour act for you?")
    expect(visitor.page.get_by_role("main").get_by_text("app.example")).to_be_visible()
    with visitor.page.expect_request(lambda request: request.url.startswith(f"{CALLBACK}?code=")):
        visitor.press("Allow")

    assert [complaint for complaint in visitor.complaints if CALLBACK not in complaint] == []
    visitor.complaints.clear()
