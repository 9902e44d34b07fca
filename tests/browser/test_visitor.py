"""The watch that every browser test keeps: a page that breaks something is complained about."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

POLICY = {"Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'"}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<p style='color: red'>styled here</p>", "console: Applying inline style violates"),
        ("<script>document.title = 'run'</script>", "console: Executing inline script violates"),
        ("<img src='/no/such/picture.png' alt=''>", "console: Failed to load resource"),
        ("<img src='http://127.0.0.1:1/' alt=''>", "console: Loading the image"),
        ("<script src='/broken.js'></script>", "uncaught: this is broken"),
    ],
)
def test_what_a_page_breaks_is_heard(visitor: Visitor, body: str, complaint: str) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=f"<!doctype html><title>Bad</title>{body}", content_type="text/html", headers=POLICY)

    visitor.page.route("**/bad/", answer)
    visitor.page.route("**/broken.js", lambda route: route.fulfill(body="throw new Error('this is broken')"))
    visitor.go("/bad/")
    expect(visitor.page).to_have_title("Bad")

    assert [heard for heard in visitor.complaints if heard.startswith(complaint)], visitor.complaints
    visitor.complaints.clear()


def test_a_page_with_the_status_of_an_error_is_a_page(visitor: Visitor) -> None:
    visitor.go("/no/such/page/")

    visitor.reads("There is no page here")
    assert visitor.complaints == []


def test_a_page_that_may_not_lead_to_a_provider_is_heard(visitor: Visitor) -> None:
    """The harm that a forgotten `form-action` does: the button is dead, in Chromium alone."""

    def forget(route: Route) -> None:
        answer = route.fetch()
        policy = answer.headers["content-security-policy"].replace(visitor.providers.base_url, "")
        route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})

    visitor.page.route("**/accounts/login/", forget)
    visitor.go("/accounts/login/")
    with visitor.page.expect_console_message(lambda message: "form-action" in message.text):
        visitor.press("Continue with Google")

    assert [heard for heard in visitor.complaints if "form-action" in heard]
    visitor.complaints.clear()
