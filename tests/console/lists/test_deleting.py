"""Delete is offered only where it is possible, and shows counts of related rows instead of listing them.

The button must not lead to an error, to thousands of names, or to a loss with one click.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch

from accounts.models import Invitation, Membership, Role, Tenant, User
from audit.models import Entry
from tenancy import site_context
from tests.console.crawler import address, registered
from tests.tenancy import rows
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
CANNOT = ("have permission to delete", "protected related objects", "Cannot delete")


@pytest.fixture
def furnished(town: Town) -> Town:
    with site_context("a test furnishes a tenant"):
        tables = rows.models_of_people_and_admin()
        rows.Side("heron", tables=tables, tenant=town.a.tenant, people=[town.a.owner, town.a.member]).fill()
    return town


def is_held(thing: Any) -> bool:
    """Return whether a role is protected by memberships or claim rules, which its page counts."""
    with site_context("a test looks"):
        return isinstance(thing, Role) and (thing.memberships.exists() or thing.claim_rules.exists())


@pytest.mark.slow
def test_every_page_with_a_delete_button_leads_to_a_deletion(furnished: Town, administrator: Client) -> None:
    """Each row of every model whose page has the button."""
    offered = 0
    for model_admin in registered():
        with site_context("a test looks at everything"):
            things = list(model_admin.model._base_manager.all()[:12])  # noqa: SLF001  # without any scope
        for thing in things:
            try:
                page = administrator.get(address(model_admin, "change", thing)).content.decode()
            except NoReverseMatch:
                continue
            if 'class="deletelink"' not in page:
                continue
            offered += 1
            answer = administrator.get(address(model_admin, "delete", thing))
            shown = answer.content.decode()
            assert answer.status_code == 200
            if not is_held(thing):
                assert not [words for words in CANNOT if words in shown], thing
            assert shown.count("<li>") < 60
    assert offered > 3


def test_a_person_is_erased_and_not_deleted(town: Town, administrator: Client) -> None:
    page = f"/admin/accounts/user/{town.a.member.pk}/"

    assert "deletelink" not in administrator.get(f"{page}change/").content.decode()
    for answer in (administrator.get(f"{page}delete/"), administrator.post(f"{page}delete/", {"post": "yes"})):
        assert answer.headers["Location"] == f"{page}erase/"
    assert User.objects.filter(pk=town.a.member.pk).exists()


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({}, "Type the tenant"),
        ({"name": "abbey", "reason": "gone"}, "Type the tenant"),
        ({"name": "Abbey"}, "Say why"),
        ({"name": "Abbey", "reason": "  "}, "Say why"),
        ({"name": "Abbey", "reason": "x" * 501}, "Say why"),
    ],
)
def test_a_tenant_is_not_deleted_without_its_name_and_a_reason(
    town: Town, administrator: Client, posted: dict[str, str], said: str
) -> None:
    answer = administrator.post(f"/admin/accounts/tenant/{town.a.tenant.pk}/delete/", {"post": "yes", **posted})

    assert answer.status_code == 200
    assert said in answer.content.decode()
    with site_context("a test looks"):
        assert Tenant.objects.filter(pk=town.a.tenant.pk).exists()


def test_a_tenant_is_deleted_with_its_related_rows_and_the_page_counts_them(
    furnished: Town, administrator: Client
) -> None:
    page = f"/admin/accounts/tenant/{furnished.a.tenant.pk}/delete/"
    asked = administrator.get(page).content.decode()
    with site_context("a test counts"):
        members = Membership.objects.filter(tenant=furnished.a.tenant).count()
    assert f"<li>Memberships: {members}</li>" in asked
    assert furnished.a.member.name not in asked

    answer = administrator.post(page, {"post": "yes", "name": "Abbey", "reason": "The contract ended."})

    assert answer.status_code == 302
    with site_context("a test looks"):
        assert not Tenant.objects.filter(pk=furnished.a.tenant.pk).exists()
        assert not Membership.objects.filter(tenant_id=furnished.a.tenant.pk).exists()
        assert not Invitation.objects.filter(tenant_id=furnished.a.tenant.pk).exists()
        assert User.objects.filter(pk=furnished.a.member.pk).exists()
    assert Entry.objects.filter(action="reason.given").exists()


def test_tenants_are_not_deleted_in_bulk(town: Town, administrator: Client) -> None:
    both = [str(town.a.tenant.pk), str(town.b.tenant.pk)]
    for chosen in (both, both[:1]):
        posted = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        assert administrator.post("/admin/accounts/tenant/", posted).status_code == 302
    with site_context("a test looks"):
        assert Tenant.objects.filter(pk__in=both).count() == 2


@pytest.mark.parametrize("name", ["owner", "admin", "member"])
def test_a_built_in_role_stays(town: Town, administrator: Client, name: str) -> None:
    role = Role.objects.get(name=name, tenant=None)
    page = f"/admin/accounts/role/{role.pk}/"
    assert "deletelink" not in administrator.get(f"{page}change/").content.decode()
    administrator.post(f"{page}delete/", {"post": "yes"})
    administrator.post(
        "/admin/accounts/role/", {"action": "delete_selected", "_selected_action": str(role.pk), "post": "yes"}
    )

    assert Role.objects.filter(pk=role.pk).exists()
