"""Nobody grants, edits or removes above themselves, and the last superuser is protected."""

import threading
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Membership, Role, Session, Tenant, User
from accounts.models.active_membership import set_context
from accounts.organizations import delegation
from audit.models import Entry
from tenancy import site_context, tenant_context
from tests.support.proven import proven, sign_in
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    return proven(user)


def _without_proof(user: User) -> Client:
    client = Client()
    sign_in(client, user)
    return client


@pytest.fixture
def admin_of_a(town: Town) -> User:
    """Make the member of A one of its administrators, below its owner."""
    with site_context("a test"):
        role = Role.objects.get(name="admin")
        Membership.objects.filter(user=town.a.member).update(role=role)
    return town.a.member


def refusals() -> list[str]:
    told = Entry.objects.filter(action="change.refused").order_by("id").values_list("details", flat=True)
    return [details["reason"] for details in told if details]


def membership_of(user: User) -> Membership:
    with site_context("a test"):
        return Membership.objects.get(user=user)


def role_named(name: str) -> Role:
    with site_context("a test"):
        return Role.objects.get(name=name)


@pytest.mark.promise(47)
def test_an_administrator_grants_what_they_have_and_not_more(town: Town, admin_of_a: User) -> None:
    target = membership_of(admin_of_a)
    both = Membership.objects
    with site_context("a test"):
        target = both.get(user=town.both, tenant=town.a.tenant)
    page = f"/admin/accounts/membership/{target.pk}/change/"

    refused = browser(admin_of_a).post(page, {"role": role_named("owner").pk})
    assert "above what you may do yourself" in refused.content.decode()
    assert refusals() == ["role_above"]

    granted = browser(admin_of_a).post(page, {"role": role_named("admin").pk})
    assert granted.status_code == 302
    with site_context("a test"):
        assert both.get(pk=target.pk).role.name == "admin"


@pytest.mark.promise(47)
def test_people_above_are_neither_demoted_nor_removed(town: Town, admin_of_a: User) -> None:
    target = membership_of(town.a.owner)

    for part, values in (("change", {"role": role_named("member").pk}), ("delete", {"post": "yes"})):
        answer = browser(admin_of_a).post(f"/admin/accounts/membership/{target.pk}/{part}/", values)
        assert answer.status_code == 403, part

    assert membership_of(town.a.owner).role.name == "owner"


@pytest.mark.promise(47)
def test_a_role_contains_only_what_its_creator_has(town: Town) -> None:
    reaching = Permission.objects.get(codename="delete_user").pk
    within = Permission.objects.get(codename="view_membership").pk
    owner = browser(town.a.owner)
    page = "/admin/accounts/role/add/"

    refused = owner.post(page, {"name": "king", "permissions": [reaching], "scopes": ""})
    assert "above what you may do yourself" in refused.content.decode()
    refused = owner.post(page, {"name": "king", "permissions": [within], "scopes": "everything"})
    assert "above what you may do yourself" in refused.content.decode()
    assert refusals() == ["role_would_be_above"] * 2
    made = owner.post(page, {"name": "reader", "permissions": [within], "scopes": "", "tenant": str(town.b.tenant.pk)})
    assert made.status_code == 302

    with site_context("a test"):
        assert Role.objects.get(name="reader").tenant == town.a.tenant
        assert not Role.objects.filter(name="king").exists()


@pytest.mark.promise(47)
def test_global_roles_cannot_be_changed_by_tenants(town: Town) -> None:
    page = f"/admin/accounts/role/{role_named('member').pk}/change/"

    assert browser(town.a.owner).get(page).status_code == 200
    assert browser(town.a.owner).post(page, {"name": "mine", "permissions": [], "scopes": ""}).status_code == 403


@pytest.mark.promise(47)
def test_permissions_in_one_tenant_count_for_nothing_in_another(town: Town) -> None:
    with tenant_context(town.a.tenant.pk, person_id=town.a.owner.pk):
        town.a.owner.active_membership = set_context(town.a.owner.pk, town.a.tenant.pk, pinned=None)
        member = Role.objects.get(name="member")

    assert delegation.may_grant(town.a.owner, member, town.a.tenant.pk)
    assert not delegation.may_grant(town.a.owner, member, town.b.tenant.pk)
    assert not delegation.may_grant(town.a.owner, town.b.role, town.a.tenant.pk)


@pytest.mark.promise(47)
def test_staff_who_may_edit_people_cannot_change_people_above_or_elsewhere(town: Town, admin_of_a: User) -> None:
    admin_of_a.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    client = browser(admin_of_a)

    for person, status in ((town.a.owner, 403), (town.both, 403)):
        page = f"/admin/accounts/user/{person.pk}/change/"
        assert client.post(page, {"name": "Renamed"}).status_code == status, person
    assert client.post(f"/admin/accounts/user/{admin_of_a.pk}/password/", {}).status_code == 403
    crafted = {"name": "Me", "is_active": "on", "is_superuser": "on", "is_staff": "on", "email": "boss@example.com"}
    client.post(f"/admin/accounts/user/{admin_of_a.pk}/change/", {**crafted})

    admin_of_a.refresh_from_db()
    assert (admin_of_a.is_superuser, admin_of_a.is_staff, admin_of_a.email) == (False, False, None)


@pytest.mark.promise(28, 47)
def test_a_changed_role_revokes_the_persons_sessions(town: Town, admin_of_a: User) -> None:
    both = browser(town.both)
    with site_context("a test"):
        target = Membership.objects.get(user=town.both, tenant=town.a.tenant)

    browser(town.a.owner).post(f"/admin/accounts/membership/{target.pk}/change/", {"role": role_named("admin").pk})

    assert not Session.objects.filter(user=town.both).exists()
    assert both.get("/accounts/").status_code == 302
    assert Session.objects.filter(user=town.a.owner).exists()


@pytest.mark.promise(47)
def test_the_person_and_tenant_of_a_membership_never_change_whatever_is_posted(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    membership = membership_of(town.a.member)
    with site_context("a test"):
        clerk = Role.objects.get(name="Abbey clerk")
    sent = {"user": str(town.both.pk), "tenant": str(town.b.tenant.pk), "role": clerk.pk}
    answer = browser(root).post(f"/admin/accounts/membership/{membership.pk}/change/?from=person", sent)

    assert answer.headers["Location"] == f"/admin/accounts/user/{town.a.member.pk}/change/"
    changed = membership_of(town.a.member)
    assert (changed.pk, changed.tenant_id, changed.role_id) == (membership.pk, town.a.tenant.pk, clerk.pk)


@pytest.mark.promise(47)
def test_site_wide_permissions_are_granted_only_by_superusers_who_reauthenticated(town: Town, admin_of_a: User) -> None:
    admin_of_a.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    root = User.objects.create_superuser(username="root")
    page = f"/admin/accounts/user/{town.a.member.pk}/rights/"
    crafted = {"is_superuser": "on", "is_staff": "on"}

    assert browser(admin_of_a).get(page).status_code == 403
    assert browser(admin_of_a).post(page, crafted).status_code == 403
    stale = _without_proof(root).post(page, crafted)
    assert (stale.status_code, stale.headers["Location"].startswith("/accounts/")) == (302, True)
    assert not User.objects.get(pk=town.a.member.pk).is_superuser

    answer = browser(root).post(page, crafted)

    assert answer.headers["Location"] == f"/admin/accounts/user/{town.a.member.pk}/change/"
    town.a.member.refresh_from_db()
    assert town.a.member.is_superuser
    assert town.a.member.is_active  # the page does not change what it does not show


@pytest.mark.promise(47)
def test_the_page_without_permissions_grants_none(town: Town) -> None:
    root = User.objects.create_superuser(username="root")
    crafted = {
        "name": "Abbey",
        "is_active": "on",
        "is_superuser": "on",
        "is_staff": "on",
        "password": "x",
        "groups": [],
    }

    assert browser(root).post(f"/admin/accounts/user/{town.a.member.pk}/change/", crafted).status_code == 302

    town.a.member.refresh_from_db()
    assert (town.a.member.name, town.a.member.is_superuser, town.a.member.is_staff) == ("Abbey", False, False)


@pytest.mark.promise(47)
def test_the_last_superuser_cannot_be_demoted_deactivated_or_deleted(town: Town) -> None:
    root = User.objects.create_superuser(username="root", name="Root")
    client, page = browser(root), f"/admin/accounts/user/{root.pk}"

    for crafted in (
        client.post(f"{page}/change/", {"name": "Root"}),  # no longer active
        client.post(f"{page}/rights/", {"username": "root", "is_staff": "on"}),  # no longer a superuser
        client.post(f"{page}/delete/", {"post": "yes"}, follow=True),
    ):
        assert "last superuser" in crafted.content.decode()

    root.refresh_from_db()
    assert (root.is_active, root.is_superuser) == (True, True)
    assert refusals() == ["last_superuser"] * 3


@pytest.mark.promise(47)
def test_the_database_protects_the_last_superuser_too() -> None:
    root = User.objects.create_superuser(username="root")
    other = User.objects.create_superuser(username="other")
    other.delete()

    for attempt in (
        root.delete,
        lambda: User.objects.update(is_superuser=False),
        lambda: User.objects.filter(pk=root.pk).update(is_active=False),
    ):
        with pytest.raises(IntegrityError, match="last superuser"), transaction.atomic():
            attempt()


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(47)
def test_two_superusers_who_demote_each_other_at_once_leave_one() -> None:
    roots = [User.objects.create_superuser(username=name) for name in ("one", "two")]
    ready, failures = threading.Barrier(2), list[DatabaseError]()

    def lower(user: User) -> None:
        try:
            with transaction.atomic():
                ready.wait()
                User.objects.filter(pk=user.pk).update(is_superuser=False)
        except DatabaseError as refused:
            failures.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=lower, args=[user]) for user in roots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len(failures) == 1
    assert User.objects.filter(is_superuser=True).count() == 1


@pytest.fixture(autouse=True)
def _no_context_is_left() -> Iterator[None]:
    yield
    assert not Tenant.objects.exists()
