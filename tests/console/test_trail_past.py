"""The state of an object at a point in time, and restoring values: what is shown, and who may restore what."""

import re
from html import unescape

import psycopg
import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import Membership, Role, User
from accounts.organizations import memberships
from audit.context import acting
from audit.models import Entry
from tenancy import site_context
from tests.support.proven import proven, sign_in
from tests.support.servers import Servers
from tests.tenancy.conftest import Town, town

__all__ = ["town"]
pytestmark = pytest.mark.django_db

TRAIL = "/admin/audit/entry/"


def said(client: Client, path: str) -> str:
    """Return the text of a page."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    main = answer.content.decode().split('<div id="content"', maxsplit=1)[-1]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


def past(client: Client, entry: Entry, side: str) -> dict[str, str]:
    answer = client.get(f"{TRAIL}{entry.pk}/point-in-time/{side}/")
    assert answer.status_code == 200
    assert not answer.context["detail"]
    return {name: value.text for name, value in answer.context["values"]}


def changes(obj: Group | User | Role) -> list[Entry]:
    entries = Entry.objects.filter(object_table=obj._meta.db_table, object_id=str(obj.pk)).exclude(source="event")
    return list(entries.order_by("id"))


def test_an_object_is_reconstructed_for_every_point_in_time(administrator: Client) -> None:
    user = User.objects.create_user(name="Ada", email="ada@example.com")
    seen = []
    for name, email in (("Ada L", "ada@example.com"), ("Ada L", "countess@example.com"), ("Countess", None)):
        user.name, user.email = name, email
        user.save()
        seen.append({"Name": name, "Address": email or "(empty)"})
    entries = changes(user)
    before = {"Name": "Ada", "Address": "ada@example.com"}
    label = str(User._meta.get_field("email").verbose_name).capitalize()
    for entry, after in zip(entries[1:], seen, strict=True):
        for side, expected in (("before", before), ("after", after)):
            found = past(administrator, entry, side)
            assert (found["Name"], found[label]) == (expected["Name"], expected["Address"]), (entry.pk, side)
        before = after
    assert "did not exist" in said(administrator, f"{TRAIL}{entries[0].pk}/point-in-time/before/")
    assert past(administrator, entries[0], "after")["Password"] == "(secret)"

    User.objects.filter(pk=user.pk).delete()
    end = changes(user)[-1]
    assert past(administrator, entries[1], "before")["Name"] == "Ada"
    assert past(administrator, end, "before")["Name"] == "Countess"
    assert "did not exist" in said(administrator, f"{TRAIL}{end.pk}/point-in-time/after/")


@pytest.mark.django_db(transaction=True)
def test_erased_values_are_shown_as_erased(administrator: Client, servers: Servers) -> None:
    user = User.objects.create_user(name="Canary Old", email="canary@example.com")
    user.name = "Renamed"
    user.save()
    entry = changes(user)[-1]
    with psycopg.connect(servers.superuser_url) as superuser:
        superuser.execute("DELETE FROM audit_personal WHERE entry_id = %s", [entry.pk])

    assert past(administrator, entry, "before")["Name"] == "(erased)"
    assert past(administrator, entry, "after")["Name"] == "Renamed"
    page = said(administrator, f"{TRAIL}{entry.pk}/change/")
    assert "(erased)" in page
    assert "Canary Old" not in page
    assert not _offered(administrator, entry)


@pytest.mark.promise(46)
def test_changes_in_other_tenants_are_hidden_and_hidden_objects_are_not_shown(town: Town) -> None:
    with acting(tenant_id=str(town.a.tenant.pk)):
        User.objects.filter(pk=town.both.pk).update(name="In A")
    entry = changes(town.both)[-1]
    with acting(tenant_id=str(town.b.tenant.pk)):
        User.objects.filter(pk=town.both.pk).update(name="Canary of B", email="canary@example.com")
        User.objects.filter(pk=town.both.pk).update(name="Both again", email="both@example.com")
    client = proven(town.a.owner)
    found = past(client, entry, "after")

    assert found["Name"] == "(not for you to see)"
    assert not {"Canary of B", "canary@example.com"} & set(found.values())
    assert found["Superuser status"] == "(not for you to see)", "which their page does not show either"
    with site_context("a test removes somebody"):
        memberships.remove(Membership.objects.get(user=town.both, tenant=town.a.tenant))
    assert "cannot be told" in said(client, f"{TRAIL}{entry.pk}/point-in-time/after/")
    assert "Both again" not in said(client, f"{TRAIL}{entry.pk}/point-in-time/after/")


def _offered(client: Client, entry: Entry) -> list[str]:
    answer = client.get(f"{TRAIL}{entry.pk}/restore/")
    return [field.name for field in answer.context["fields"]] if answer.status_code == 200 else []


@pytest.mark.promise(47)
def test_restoring_a_value_is_audited_and_changes_nothing_else(administrator: Client, root: User) -> None:
    group = Group.objects.create(name="before")
    group.permissions.set(Permission.objects.all()[:2])
    Group.objects.filter(pk=group.pk).update(name="after")
    entry = changes(group)[-1]
    page = f"{TRAIL}{entry.pk}/restore/"

    assert page in administrator.get(f"{TRAIL}{entry.pk}/change/").content.decode()
    assert "Name after before" in said(administrator, page)
    assert Group.objects.get(pk=group.pk).name == "after", "looking changes nothing"
    assert administrator.post(page, {"fields": ["name"]}).status_code == 302

    group.refresh_from_db()
    assert group.name == "before"
    assert group.permissions.count() == 2
    change, event = changes(group)[-1], Entry.objects.filter(action="value.restored").latest("id")
    assert (change.before, change.after) == ({"name": "after"}, {"name": "before"})
    assert (event.details, event.object_id) == ({"entry": entry.pk, "fields": ["name"]}, str(group.pk))
    assert f"Reason restored from entry {entry.pk}" in said(administrator, f"{TRAIL}{change.pk}/change/")
    assert (event.reason, event.actor.id) == (f"restored from entry {entry.pk}", str(root.pk))
    assert event.request_id == change.request_id
    assert _offered(administrator, entry) == [], "it is as it was"


def test_only_chosen_and_offered_fields_are_restored(administrator: Client) -> None:
    user = User.objects.create_user(name="Ada", email="ada@example.com", password="first")
    User.objects.filter(pk=user.pk).update(name="Other", email="other@example.com", password="!")
    entry = changes(user)[-1]

    assert set(_offered(administrator, entry)) == {"name", "email"}
    administrator.post(f"{TRAIL}{entry.pk}/restore/", {"fields": ["name", "password", "id"]})

    user.refresh_from_db()
    assert (user.name, user.email, user.password) == ("Ada", "other@example.com", "!")


def test_a_value_that_is_no_longer_valid_is_refused_with_the_reason(administrator: Client) -> None:
    group = Group.objects.create(name="taken")
    Group.objects.filter(pk=group.pk).update(name="free")
    Group.objects.create(name="taken")
    answer = administrator.post(f"{TRAIL}{changes(group)[-1].pk}/restore/", {"fields": ["name"]})

    assert answer.status_code == 400
    assert "already exists" in answer.content.decode()
    assert Group.objects.get(pk=group.pk).name == "free"
    assert not Entry.objects.filter(action="value.restored").exists()


def test_restoring_requires_reauthentication_and_a_csrf_token(root: User) -> None:
    group = Group.objects.create(name="before")
    Group.objects.filter(pk=group.pk).update(name="after")
    page = f"{TRAIL}{changes(group)[-1].pk}/restore/"
    stale = Client()
    sign_in(stale, root)
    for answer in (stale.get(page), stale.post(page, {"fields": ["name"]})):
        assert answer.status_code == 302
        assert "/accounts/" in answer.headers["Location"]
    strict = proven(root, Client(enforce_csrf_checks=True))
    assert strict.post(page, {"fields": ["name"]}).status_code == 403
    assert Group.objects.get(pk=group.pk).name == "after"


def test_a_role_is_restored_through_the_function_that_revokes_sessions(administrator: Client, town: Town) -> None:
    with site_context("a test changes a role"):
        membership = Membership.objects.get(user=town.a.member, tenant=town.a.tenant)
        memberships.change_role(membership, town.a.role)
    entry = Entry.objects.filter(object_table="accounts_membership", action="update").latest("id")
    client = proven(town.a.member)
    assert client.get("/accounts/").status_code == 200

    assert _offered(administrator, entry) == ["role"]
    assert administrator.post(f"{TRAIL}{entry.pk}/restore/", {"fields": ["role"]}).status_code == 302
    with site_context("a test looks"):
        assert Membership.objects.get(pk=membership.pk).role.name == "member"
    assert client.get("/accounts/").status_code == 302, "the session knew another role"


@pytest.mark.promise(46)
@pytest.mark.promise(47)
def test_nobody_restores_what_they_could_not_set(town: Town) -> None:
    """Permissions, people above, people of two tenants, a role above: whatever the object's own page refuses."""
    User.objects.create_superuser(username="root")
    town.a.owner.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    owner = proven(town.a.owner)
    with acting(tenant_id=str(town.a.tenant.pk)):
        for user in (town.a.member, town.both):
            User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True, name=f"{user.name} X")
            User.objects.filter(pk=user.pk).update(is_superuser=False, is_staff=False, name=user.name)
    down = changes(town.a.member)[-1]

    assert _offered(owner, down) == ["name"]
    assert owner.post(f"{TRAIL}{down.pk}/restore/", {"fields": ["name", "is_superuser", "is_staff"]}).status_code == 302
    member = User.objects.get(pk=town.a.member.pk)
    assert (member.name, member.is_superuser, member.is_staff) == (f"{town.a.member.name} X", False, False)
    of_both = changes(town.both)[-1]
    assert owner.post(f"{TRAIL}{of_both.pk}/restore/", {"fields": ["name"]}).status_code == 403
    assert User.objects.get(pk=town.both.pk).name == town.both.name


def test_restoring_a_value_cannot_demote_the_last_superuser(administrator: Client, root: User) -> None:
    other = User.objects.create_superuser(username="other")
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    User.objects.filter(pk=other.pk).update(is_superuser=False)
    answer = administrator.post(f"{TRAIL}{changes(root)[-1].pk}/restore/", {"fields": ["is_superuser"]})

    assert answer.status_code == 400
    assert "last superuser" in str(answer.context["errors"])
    assert User.objects.get(pk=root.pk).is_superuser
