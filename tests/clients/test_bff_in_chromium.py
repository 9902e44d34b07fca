"""The page of the BFF example in a real browser: it works under its policy, and no script finds a token."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import chromium, home, new_visitor, visitor
from tests.browser.visitor import OVERFLOW, Visitor
from tests.clients.backend import serving
from tests.clients.page import running

__all__ = ["chromium", "home", "new_visitor", "visitor"]  # fixtures of these tests

pytestmark = pytest.mark.django_db(transaction=True)

STORED = "() => [document.cookie, localStorage.length, sessionStorage.length]"


@pytest.fixture
def app(home: str) -> Iterator[str]:
    """The app at Vestibule of the browser's tests."""
    with serving(home) as backend, running(home, backend) as (url, _):
        yield url


def test_a_person_uses_the_app_steps_up_and_signs_out(app: str, visitor: Visitor) -> None:
    visitor.page.goto(app)
    visitor.reads("The harbour office")
    visitor.press("Sign in")
    visitor.start("google")
    visitor.choose("ada")
    visitor.reads("Let Harbour act for you?")
    visitor.press("Allow")
    visitor.reads("Good day, Ada Lovelace")

    visitor.page.get_by_role("button", name="The register").click()
    expect(visitor.page.locator("#document")).to_contain_text("Grace")
    visitor.page.get_by_role("button", name="Heavy cargo").click()
    expect(visitor.page.locator("#said")).to_contain_text("tier3")
    visitor.page.get_by_role("button", name="The vault").click()
    expect(visitor.page.locator("#said")).to_contain_text("You come straight back here")
    assert visitor.ask(STORED) == ["", 0, 0]
    assert visitor.ask(OVERFLOW) <= 0
    visitor.press("Confirm it is you")
    expect(visitor.page.get_by_role("alert")).to_contain_text("This needs a second factor")
    visitor.press("Sign out")
    visitor.confirm("Sign out")
    visitor.reads("The harbour office")

    statuses = ["status of 403", "status of 401"]  # of the API, as the browser notes them too
    visitor.complaints[:] = [one for one in visitor.complaints if not any(status in one for status in statuses)]
