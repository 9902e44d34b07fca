"""What a list or a page shows is seen whole on a desk of 1280 px, on a tablet, and on a telephone.

The kind of fault: a last column that is cut off, a heading broken within a word, a secret of which one sees a half.
"""

import pytest

from accounts.models import Tenant, User
from tenancy import site_context
from tests.browser.admin_states import ADMIN_STATES, sign_in_and_furnish
from tests.browser.states import reach
from tests.browser.visitor import OVERFLOW, NewVisitor, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

HIDDEN = "() => { const box = document.querySelector('.results'); return box.scrollWidth - box.clientWidth }"
BROKEN = """() => [...document.querySelectorAll('#result_list thead .text *, #result_list thead th')].flatMap(head =>
    [...head.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).flatMap(node =>
        [...node.data.matchAll(/\\S+/g)].filter(word => {
            const range = document.createRange();
            range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
            return new Set([...range.getClientRects()].map(line => line.top)).size > 1;
        }).map(word => word[0])))"""
CUT = """() => [...document.querySelectorAll('.form-row :is(select, textarea, input, .readonly, .select2-container)')]
    .filter(field => field.checkVisibility() && (field.scrollWidth > field.clientWidth && field.matches('.readonly')
        || field.getBoundingClientRect().right > field.closest('fieldset').getBoundingClientRect().right))
    .map(field => field.id || field.className)"""
FORMS = ["client_add", "client_page", "resource_page", "certificateidentity_add", "tokensigningkey_page"]
LISTS = [
    "/admin/accounts/user/", "/admin/accounts/user/?is_active__exact=1", "/admin/audit/entry/",
    "/admin/audit/entry/?source=event", "/admin/accounts/identity/", "/admin/accounts/membership/",
    "/admin/accounts/tenant/", "/admin/accounts/role/", "/admin/authserver/client/",
    "/admin/authserver/consent/", "/admin/authserver/tokensigningkey/", "/admin/authserver/apikey/",
]  # fmt: skip


def furnished(visitor: Visitor) -> None:
    sign_in_and_furnish(visitor)
    for number in range(30):
        address = f"bartholomew.featherstonehaugh{number}@subsidiary.example"
        User.objects.create_user(name=f"Bartholomew Featherstonehaugh {number}", email=address)
    with site_context("a test has many tenants"):
        for number in range(30):
            Tenant.objects.create(name=f"Customer {number:03}")


def test_every_column_of_a_list_is_seen_on_a_desk(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(viewport={"width": 1280, "height": 900})
    furnished(visitor)
    for path in LISTS:
        visitor.go(path)
        assert visitor.page.evaluate(HIDDEN) <= 0, path
        assert visitor.page.evaluate(BROKEN) == [], path


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["admin-webhook_secret", "admin-client_secret", "admin-serviceaccount_key"])
def test_a_secret_that_is_shown_once_is_shown_whole(new_visitor: NewVisitor, name: str, width: int) -> None:
    (state,) = [state for state in ADMIN_STATES if state.name == name]
    visitor = reach(state, new_visitor)
    visitor.page.set_viewport_size({"width": width, "height": 700})
    secret = visitor.page.locator("#secret")

    assert secret.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    assert visitor.ask(OVERFLOW) <= 0


@pytest.mark.parametrize("name", FORMS)
def test_no_field_of_a_form_is_cut_off_on_a_tablet_or_a_telephone(new_visitor: NewVisitor, name: str) -> None:
    (state,) = [state for state in ADMIN_STATES if state.name == f"admin-{name}"]
    visitor = reach(state, new_visitor)
    for width in (768, 375):
        visitor.page.set_viewport_size({"width": width, "height": 700})
        assert visitor.ask(CUT) == [], width
