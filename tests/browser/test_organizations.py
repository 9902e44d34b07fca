"""Somebody who belongs to several organizations goes on in another one, with the keyboard alone and without script."""

import pytest
from playwright.sync_api import expect

from tests.browser.states import ORGANIZATIONS, STATES, reach
from tests.browser.visitor import NewVisitor

pytestmark = pytest.mark.django_db(transaction=True)

IN_SEVERAL = next(state for state in STATES if state.name == "account-in_several")


@pytest.mark.parametrize("has_script", [True, False])
def test_the_menu_is_opened_and_used_by_keyboard(new_visitor: NewVisitor, has_script: bool) -> None:  # noqa: FBT001
    visitor = reach(IN_SEVERAL, new_visitor, java_script_enabled=has_script)
    visitor.go("/accounts/sessions/")
    keyboard, menu = visitor.page.keyboard, visitor.page.locator(".menu")
    expect(menu.locator("summary")).to_contain_text(ORGANIZATIONS[0])
    expect(menu.get_by_role("button")).to_have_count(0)

    for _ in range(3):  # the way past the header, the house, the menu
        keyboard.press("Tab")
    keyboard.press("Enter")
    expect(menu.get_by_role("button")).to_have_count(2)
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.press("Enter")

    visitor.is_at("/accounts/sessions/")
    expect(menu.locator("summary")).to_contain_text(ORGANIZATIONS[2])
