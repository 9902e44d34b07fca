"""Every page in every state, by day and by lamplight, before axe-core: WCAG 2.2 AA and its good practice."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.admin_states import ADMIN_STATES
from tests.browser.chromium import THEMES
from tests.browser.invitation_states import INVITATION_STATES
from tests.browser.states import STATES, State, reach
from tests.browser.trail_states import TRAIL_STATES
from tests.browser.visitor import NewVisitor

pytestmark = pytest.mark.django_db(transaction=True)

EVERYWHERE = [*STATES, *INVITATION_STATES, *ADMIN_STATES, *TRAIL_STATES]

RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"label-title-only": {"enabled": False}},  # blind to the alternative text of Django's magnifying glass
}
PARTS = {
    "exclude": [
        [".help-tooltip"],  # Django's own script names an empty element in its double lists
        [".select2-selection__rendered"],  # leaves the inside of a choice with a search without a name
        [".inline-group thead"],  # and its tables inside of forms have heads without words
    ]
}


def violations(page: Page) -> list[str]:
    """Name what is wrong and where, one line each."""
    response: dict[str, Any] = Axe().run(page, context=PARTS, options=RULES).response
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for violation in response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("state", EVERYWHERE, ids=lambda state: state.name)
def test_nothing_on_a_page_shuts_anybody_out(new_visitor: NewVisitor, state: State) -> None:
    visitor = reach(state, new_visitor)
    complaints = list(visitor.complaints)
    found = {}
    for theme in THEMES:
        visitor.page.emulate_media(color_scheme=theme)
        found[theme] = violations(visitor.page)
    visitor.complaints[:] = complaints  # axe-core tries inline styles while it looks; those are not the page's

    assert found == {"light": [], "dark": []}
