"""Somebody who belongs to several organizations goes on in another one, with the keyboard alone and without script."""

import pytest
from playwright.sync_api import expect

from tests.browser.admin_states import ADMIN_STATES
from tests.browser.states import ORGANIZATIONS, STATES, reach
from tests.browser.visitor import NewVisitor

pytestmark = pytest.mark.django_db(transaction=True)

MANAGING = next(state for state in ADMIN_STATES if state.name == "admin-of_several_tenants")
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


@pytest.mark.promise(46)
def test_who_looks_after_several_tenants_goes_from_one_to_the_other_in_the_admin(new_visitor: NewVisitor) -> None:
    visitor = reach(MANAGING, new_visitor)
    menu, people = visitor.page.locator("#user-tools .menu"), visitor.page.locator("#result_list")
    expect(menu.locator("summary")).to_contain_text("Harbour Works")
    visitor.go("/admin/accounts/user/")
    expect(people).to_contain_text("Harry of the Harbour")
    expect(people).not_to_contain_text("Lara of the Lantern")

    menu.locator("summary").press("Enter")
    menu.get_by_role("button", name="Lantern Works").press("Enter")
    visitor.is_at("/admin/")
    expect(menu.locator("summary")).to_contain_text("Lantern Works")
    visitor.go("/admin/accounts/user/")
    expect(people).to_contain_text("Lara of the Lantern")
    expect(people).not_to_contain_text("Harry of the Harbour")
