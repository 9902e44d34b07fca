"""Reading the trail by hand, in a real browser: from a change to its history, to how it was, and back to that."""

import pytest
from playwright.sync_api import expect

from accounts.models import Tenant
from tenancy import site_context
from tests.browser.admin_states import sign_in_and_furnish
from tests.browser.visitor import NewVisitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("with_script", [True, False])
def test_a_change_is_found_understood_and_put_back(new_visitor: NewVisitor, *, with_script: bool) -> None:
    visitor = new_visitor(java_script_enabled=with_script)
    sign_in_and_furnish(visitor)
    with site_context("a test looks for a tenant"):
        tenant = Tenant.objects.get(slug="harbour")
    page = f"/admin/accounts/tenant/{tenant.pk}/change/"
    visitor.go(page)
    visitor.page.locator("#id_name").fill("Harbour Works and Daughters")
    visitor.page.locator("input[name=_save]").click()

    visitor.go(page)
    visitor.press("History")
    main = visitor.page.get_by_role("main")
    expect(main.get_by_text("The history of tenant")).to_be_visible()
    expect(main.locator("#result_list tbody tr")).to_have_count(2)
    main.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    expect(main.locator("ins")).to_have_text(" and Daughters")

    visitor.press("Just before this entry")
    expect(main.get_by_text("Harbour Works", exact=True)).to_be_visible()
    visitor.page.go_back()
    visitor.press("Put back as it was")
    visitor.confirm("Put back as it was")
    visitor.is_at(page)
    with site_context("a test looks"):
        assert Tenant.objects.get(pk=tenant.pk).name == "Harbour Works"

    visitor.go("/admin/audit/entry/")
    main.get_by_label("What happened").select_option("value.restored")
    visitor.confirm("Show")
    expect(main.locator("#result_list tbody tr")).to_have_count(1)
    assert visitor.complaints == []
