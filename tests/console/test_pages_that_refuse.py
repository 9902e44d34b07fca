"""What the administrators' pages refuse or leave as it is, and where they lead from there."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import Membership, Role, User
from audit.events import Event, record
from audit.models import Entry
from tenancy import site_context
from tests.support.page_messages import messages_of
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

MEMBERSHIPS = "/admin/accounts/membership/"
TRAIL = "/admin/audit/entry/"


def memberships(person: User) -> list[tuple[str, str]]:
    with site_context("a test looks"):
        found = Membership.objects.filter(user=person).select_related("tenant", "role")
        return sorted((one.tenant.name, one.role.name) for one in found)


def test_ones_own_factors_are_reset_where_one_manages_them(administrator: Client, root: User) -> None:
    answer = administrator.get(f"/admin/accounts/user/{root.pk}/reset-factors/")

    assert answer.headers["Location"] == "/accounts/second-factor/"


def test_where_nobody_has_a_factor_nothing_is_reset(administrator: Client) -> None:
    ada = User.objects.create_user(name="Ada")
    answer = administrator.post(f"/admin/accounts/user/{ada.pk}/reset-factors/", {"reason": "lost"}, follow=True)

    assert messages_of(answer) == ["There are no second factors. Nothing was changed."]
    assert not Entry.objects.filter(action=Event.FACTOR_RESET).exists()


def test_a_membership_takes_a_role_of_its_own_tenant_and_leads_back_to_its_person(
    administrator: Client, town: Town
) -> None:
    ada = User.objects.create_user(name="Ada")
    form = {"user": str(ada.pk), "tenant": str(town.a.tenant.pk)}
    refused = administrator.post(f"{MEMBERSHIPS}add/", form | {"role": str(town.b.role.pk)})
    assert "This role belongs to another tenant." in refused.content.decode()
    missing = administrator.post(f"{MEMBERSHIPS}add/", form)
    assert missing.context["adminform"].form.errors.keys() == {"role"}
    assert memberships(ada) == []

    added = administrator.post(f"{MEMBERSHIPS}add/?from=person", form | {"role": str(town.a.role.pk)})
    assert added.headers["Location"] == f"/admin/accounts/user/{ada.pk}/change/"
    assert memberships(ada) == [("Abbey", "Abbey clerk")]
    with site_context("a test looks"):
        membership, member = Membership.objects.get(user=ada), Role.objects.get(name="member")
    changed = administrator.post(f"{MEMBERSHIPS}{membership.pk}/change/?from=person", {"role": str(member.pk)})
    assert changed.headers["Location"] == f"/admin/accounts/user/{ada.pk}/change/"
    assert memberships(ada) == [("Abbey", "member")]


def test_a_membership_is_removed_from_its_page(administrator: Client, town: Town) -> None:
    with site_context("a test looks"):
        first = Membership.objects.get(user=town.both, tenant=town.a.tenant)
    administrator.post(f"{MEMBERSHIPS}{first.pk}/delete/", {"post": "yes"})
    assert memberships(town.both) == [("Barn", "member")]


def test_an_entry_is_read_and_nothing_else(administrator: Client) -> None:
    group = Group.objects.create(name="staff")
    entry = Entry.objects.get(object_table="auth_group", object_id=str(group.pk))
    page = f"{TRAIL}{entry.pk}/"

    assert administrator.post(f"{page}change/", {"actor_id": "x"}).status_code == 403
    assert administrator.get(f"{TRAIL}add/").status_code == 403
    assert administrator.get(f"{page}delete/").status_code == 403
    assert administrator.get(f"{page}history/").headers["Location"] == f"{page}change/"
    assert administrator.get(f"{TRAIL}{entry.pk + 10**6}/change/").headers["Location"] == "/admin/"


def test_only_changes_of_rows_have_a_past_and_only_updates_are_put_back(administrator: Client) -> None:
    Group.objects.create(name="staff")
    created = Entry.objects.latest("id")
    record(Event.TENANT_SWITCHED)
    event = Entry.objects.latest("id")

    for entry, side in ((event, "before"), (created, "meanwhile")):
        assert administrator.get(f"{TRAIL}{entry.pk}/point-in-time/{side}/").status_code == 404
    for entry in (event, created):
        assert administrator.get(f"{TRAIL}{entry.pk}/restore/").status_code == 403
    assert administrator.get(f"{TRAIL}{event.pk + 10**6}/restore/").status_code == 404


def test_putting_back_nothing_is_asked_about_again(administrator: Client) -> None:
    group = Group.objects.create(name="before")
    group.name = "after"
    group.save()
    answer = administrator.post(f"{TRAIL}{Entry.objects.latest('id').pk}/restore/", {"fields": []})

    assert answer.status_code == 400
    assert answer.context["errors"] == ["Choose at least one field."]
    assert Group.objects.get(pk=group.pk).name == "after"
