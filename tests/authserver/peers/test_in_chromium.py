"""Stock Django sites whose people sign in with Vestibule, with a real browser and its content security policies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.authserver.peers import stock
from tests.browser.conftest import chromium, home, new_visitor, visitor
from tests.browser.visitor import Visitor

__all__ = ["chromium", "home", "new_visitor", "visitor"]  # fixtures of these tests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]


@pytest.fixture(params=[stock.ALLAUTH, stock.MOZILLA], ids=lambda site: site.settings)
def login(request: pytest.FixtureRequest, vestibule: str, tmp_path: Path) -> Iterator[str]:
    """Run a stock site, and give the page on which people sign in there."""
    site: stock.StockSite = request.param
    with stock.running(site, issuer=vestibule, folder=tmp_path) as url:
        yield f"{url}{site.login}"


def test_a_person_signs_in_at_a_stock_site_through_a_provider(login: str, visitor: Visitor) -> None:
    visitor.page.goto(login)
    if visitor.page.url == login:  # allauth asks first
        visitor.press("Continue")
    visitor.start("google")
    visitor.choose("ada")
    visitor.reads("Let Harbour act for you?")
    visitor.press("Allow")

    expect(visitor.page.get_by_text(f'"email": "{User.objects.get().email}"')).to_be_visible()
    assert visitor.page.url.endswith("/me")
