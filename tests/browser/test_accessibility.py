"""Every page in every state, visited once: before axe-core (WCAG 2.2 AA and its good practice), by day and by
lamplight, and on the narrowest screen.
"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.admin_states import ADMIN_STATES
from tests.browser.app_states import APP_STATES
from tests.browser.chromium import Theme
from tests.browser.invitation_states import INVITATION_STATES
from tests.browser.notice_states import NOTICE_STATES
from tests.browser.pinned_states import PINNED_STATES
from tests.browser.reference_states import REFERENCE_STATES
from tests.browser.states import STATES, State, reach
from tests.browser.trail_states import TRAIL_STATES
from tests.browser.upon_person_states import UPON_PERSON_STATES
from tests.browser.visitor import OVERFLOW, NewVisitor, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

OURS = [*STATES, *NOTICE_STATES, *INVITATION_STATES, *APP_STATES, *PINNED_STATES]
EVERYWHERE = [
    *OURS,
    *ADMIN_STATES,
    *UPON_PERSON_STATES,
    *TRAIL_STATES,
    *REFERENCE_STATES,
]  # Django's admin has wide tables

RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"label-title-only": {"enabled": False}},  # blind to the alternative text of Django's magnifying glass
}
BY_LAMPLIGHT = {  # all that another theme can change
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
}
# What is too small for a finger, also where a font leaves no room of its own between lines: below 44 CSS pixels, and in
# the heads of tables and beside fields below 24 (WCAG 2.2, 2.5.8). A link in a sentence is as high as the sentence; a
# box that is ticked is pressed by its label too.
TOO_SMALL = """() => {
  document.documentElement.style.setProperty('--leading', '1');
  const dense = '.sortoptions a, .related-widget-wrapper-link, .selector button, .datetimeshortcuts a, .help-tooltip';
  const unseen = '.unseen, .visually-hidden, .select2-hidden-accessible, .skip, .skip-to-content-link';
  const isIn = (one) => getComputedStyle(one).display === 'inline' && one.matches('a')
    && one.parentElement.innerText.trim() !== one.innerText.trim();
  const measured = (one) => {
    const box = (one.matches('[type=checkbox], [type=radio]') && one.labels[0]?.contains(one) ? one.labels[0] : one)
      .getBoundingClientRect();
    const least = one.matches(dense) || one.matches('[type=checkbox], [type=radio]') ? 24 : 44;
    return {one, box, isSmall: Math.min(box.height, least > 24 ? Infinity : box.width) < least - 0.1};
  };
  return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, textarea')]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest(unseen) && !isIn(one))
    .map(measured).filter(({isSmall}) => isSmall)
    .map(({one, box}) => `${one.outerHTML.slice(0, 120)}: ${Math.round(box.width)} by ${Math.round(box.height)}`);
}"""
PARTS = {
    "exclude": [
        [".help-tooltip"],  # Django's own script names an empty element in its double lists
        [".select2-selection__rendered"],  # leaves the inside of a choice with a search without a name
        [".inline-group thead"],  # and its tables inside of forms have heads without words
    ]
}


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Name what is wrong and where, one line each."""
    response: dict[str, Any] = Axe().run(page, context=PARTS, options=rules).response
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for violation in response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("state", EVERYWHERE, ids=lambda state: state.name)
def test_nothing_on_a_page_shuts_anybody_out(new_visitor: NewVisitor, state: State) -> None:
    visitor = reach(state, new_visitor)
    complaints = list(visitor.complaints)
    by_day = violations(_in_the_light_of(visitor, "light"), RULES)
    by_lamplight = violations(_in_the_light_of(visitor, "dark"), BY_LAMPLIGHT)
    too_small = visitor.ask(TOO_SMALL)
    visitor.complaints[:] = complaints  # axe-core tries inline styles while it looks; those are not the page's

    assert (by_day, by_lamplight) == ([], [])
    assert too_small == []
    assert state not in OURS or _too_wide(visitor) == {}


def _in_the_light_of(visitor: Visitor, theme: Theme) -> Page:
    """Let a page be drawn whole, its colours at rest: Django's own sheet lets some fade in."""
    visitor.page.wait_for_load_state()
    visitor.page.emulate_media(color_scheme=theme)
    visitor.ask("() => Promise.all(document.getAnimations().map((one) => one.finished))")
    return visitor.page


def _too_wide(visitor: Visitor) -> dict[int, int]:
    """How far the page scrolls sideways where 320 and 640 px are left of 1280, at 400 and 200 % (WCAG 2.2, 1.4.10)."""
    found = {}
    for width, height in ((320, 256), (640, 400)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        found[width] = visitor.ask(OVERFLOW)
    return {width: overflow for width, overflow in found.items() if overflow}
