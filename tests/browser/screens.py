"""`make screens`: every page in every state as somebody sees it, photographed into `docs/screens/`.

Not one of the tests, by its name: pytest finds it only when it is asked for. States that no visitor can bring
about, such as an outage of our own, are in `tests/pages/gallery.py --photograph`.
"""

import pytest

from config.variables import CHECKOUT
from tests.browser.admin_states import ADMIN_STATES
from tests.browser.app_states import APP_STATES
from tests.browser.chromium import photograph
from tests.browser.invitation_states import INVITATION_STATES
from tests.browser.notice_states import NOTICE_STATES
from tests.browser.pinned_states import PINNED_STATES
from tests.browser.reference_states import REFERENCE_STATES
from tests.browser.states import STATES, State, reach
from tests.browser.trail_states import TRAIL_STATES
from tests.browser.upon_person_states import UPON_PERSON_STATES
from tests.browser.visitor import NewVisitor

pytestmark = pytest.mark.django_db(transaction=True)

OURS = [*STATES, *NOTICE_STATES, *INVITATION_STATES, *APP_STATES, *PINNED_STATES]
EVERYWHERE = [*OURS, *ADMIN_STATES, *UPON_PERSON_STATES, *TRAIL_STATES, *REFERENCE_STATES]

ALBUM = CHECKOUT / "docs" / "screens"


@pytest.mark.parametrize("state", EVERYWHERE, ids=lambda state: state.name)
def test_photograph(new_visitor: NewVisitor, state: State) -> None:
    ALBUM.mkdir(exist_ok=True)
    visitor = reach(state, new_visitor)
    visitor.page.mouse.move(0, 0)
    photograph(visitor.page, ALBUM, state.name)
