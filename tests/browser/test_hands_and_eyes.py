"""Signing in by keyboard alone, on small screens and enlarged: whatever hands and eyes somebody has."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NAMES, OVERFLOW, NewVisitor, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

FOCUS_IS_VISIBLE = """() => {
  const style = getComputedStyle(document.activeElement);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return document.activeElement !== document.body && (outlined || style.boxShadow !== 'none');
}"""
FOCUSED = "() => document.activeElement.innerText.trim()"
MOST_STEPS = 80  # the picker of the sandbox has a stop for each of the cast


def tab_to(visitor: Visitor, name: str) -> None:
    """Press Tab until something that begins with this name has the focus; all the way one must see where one is."""
    for _ in range(MOST_STEPS):
        visitor.page.keyboard.press("Tab")
        focused = re.sub(r"\s+", " ", visitor.ask(FOCUSED))
        assert visitor.ask(FOCUS_IS_VISIBLE), f"nobody sees that {focused!r} has the focus"
        if focused.startswith(name):
            return
    pytest.fail(f"no key leads to {name!r}")


def test_the_keyboard_alone_signs_in_and_out_and_the_focus_is_always_seen(visitor: Visitor, provider: str) -> None:
    visitor.go("/accounts/login/")
    tab_to(visitor, "Skip to the content")
    tab_to(visitor, f"Continue with {NAMES[provider]}")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Who is signing in?")).to_be_visible()
    tab_to(visitor, "G Grace Hopper")
    visitor.page.keyboard.press("Enter")
    visitor.is_at("/accounts/")
    tab_to(visitor, "Sign out")
    visitor.page.keyboard.press("Enter")
    visitor.is_at("/accounts/logout/")
    visitor.page.get_by_role("main").focus()
    tab_to(visitor, "Sign out")
    visitor.page.keyboard.press("Enter")

    visitor.is_at("/accounts/login/")


@pytest.mark.parametrize(
    "box", ["Keep me signed in on this device", "Let me use another account", "Also sign out at Keycloak"]
)
def test_the_space_bar_ticks_what_looks_like_a_box_and_unticks_it(visitor: Visitor, box: str) -> None:
    """Kind: what is drawn as one thing and is another: a link under the picture of a box heeds no space bar."""
    visitor.comes_from("keycloak", "ada")
    visitor.go("/accounts/logout/")
    if not box.startswith("Also"):
        visitor.confirm("Sign out")
    for is_on in ("false", "true", "false"):
        ticked = visitor.page.get_by_role("checkbox", name=box, exact=True)
        expect(ticked).to_have_attribute("aria-checked", is_on)
        ticked.focus()
        visitor.page.keyboard.press("Space")
    expect(visitor.page.get_by_role("checkbox", name=box, exact=True)).to_have_attribute("aria-checked", "true")


def test_the_way_past_the_header_leads_past_the_header(visitor: Visitor) -> None:
    visitor.sign_in("google", "ada")
    tab_to(visitor, "Skip to the content")
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")

    assert visitor.ask("() => document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("has_been_here", [False, True], ids=["the first time", "after signing out"])
def test_a_telephone_shows_all_four_buttons_without_scrolling(new_visitor: NewVisitor, *, has_been_here: bool) -> None:
    visitor = new_visitor(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    if has_been_here:
        visitor.sign_in("github", "ada")
        visitor.go("/accounts/logout/")
        visitor.confirm("Sign out")
        visitor.is_at("/accounts/login/")
    else:
        visitor.go("/accounts/login/")

    for name in NAMES.values():
        button = visitor.control(f"Continue with {name}")
        expect(button).to_be_in_viewport(ratio=1)
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_text_of_twice_the_size_leaves_the_sign_in_page_whole(new_visitor: NewVisitor) -> None:
    """WCAG 2.2, 1.4.4: somebody whose browser writes in 32 px."""
    visitor = new_visitor(viewport={"width": 360, "height": 640}, bypass_csp=True)
    visitor.go("/accounts/login/")
    visitor.page.add_style_tag(content="html { font-size: 200% }")

    assert visitor.ask(OVERFLOW) == 0
    for name in NAMES.values():
        expect(visitor.control(f"Continue with {name}")).to_be_enabled()
