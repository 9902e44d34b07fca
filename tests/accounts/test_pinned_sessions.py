"""A session that a tenant's connection has opened reaches that tenant alone (ADR 73)."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection

from accounts.models import Membership, Session, User
from accounts.models.active_membership import set_context
from accounts.organizations.own_organizations import organizations_of
from accounts.sessions import SessionStore
from accounts.sessions.reading import read
from tenancy import person_context, site_context
from tests.support.pinned import pinned
from tests.tenancy.conftest import Town, town

__all__ = ["town"]  # a fixture of these tests too

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser(town: Town) -> User:
    """A superuser with rights of their own, who is a member of both tenants."""
    person = town.both
    person.is_superuser = person.is_staff = True
    person.save()
    group = Group.objects.create(name="everywhere")
    group.permissions.add(Permission.objects.get(codename="view_user"))
    person.groups.add(group)
    person.user_permissions.add(Permission.objects.get(codename="change_user"))
    return person


def person_in(session_of: str) -> User:
    loaded = read(session_of)
    assert loaded is not None
    assert loaded.person is not None
    return loaded.person


@pytest.mark.promise(101)
def test_the_person_of_a_pinned_session_has_one_tenant_whatever_they_chose(town: Town) -> None:
    browser = pinned(town.both, town.a.tenant)
    Session.objects.update(active_tenant=town.b.tenant.pk)

    person = person_in(browser.cookies["sessionid"].value)

    assert person.pinned_tenant == town.a.tenant.pk
    assert person.active_membership is not None
    assert (person.active_membership.tenant_id, person.active_membership.tenants) == (town.a.tenant.pk, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant_id', true)")
        assert cursor.fetchone() == (str(town.a.tenant.pk),)


@pytest.mark.promise(101)
def test_no_other_tenant_can_be_entered(town: Town) -> None:
    with person_context(town.both.pk):
        found = set_context(town.both.pk, town.b.tenant.pk, pinned=town.a.tenant.pk)
        assert found is not None
        assert found.tenant_id == town.a.tenant.pk
        assert set_context(town.b.member.pk, town.b.tenant.pk, pinned=town.a.tenant.pk) is None
    only = organizations_of(town.both.pk, active=town.a.tenant.pk, only=town.a.tenant.pk)
    assert [one.name for one in only] == ["Abbey"]


@pytest.mark.promise(101)
def test_without_the_membership_there_is_no_session(town: Town) -> None:
    """The kind of fault: somebody leaves, and the session that their organization opened goes on elsewhere."""
    key = pinned(town.both, town.a.tenant).cookies["sessionid"].value
    assert SessionStore(key).person == town.both

    with site_context("a test ends a membership behind the product's back"):
        Membership.objects.filter(user=town.both, tenant=town.a.tenant).delete()

    assert read(key) is None
    assert SessionStore(key).person is None


@pytest.mark.promise(101)
def test_no_right_on_the_site_counts(superuser: User, town: Town) -> None:
    person = person_in(pinned(superuser, town.a.tenant).cookies["sessionid"].value)

    assert (person.is_superuser, person.is_staff) == (False, False)
    assert not person.has_perm("accounts.view_user")
    assert not person.has_module_perms("accounts")
    assert person.get_user_permissions() == person.get_group_permissions() == person.get_all_permissions() == set()
    fresh = User.objects.get(pk=superuser.pk)
    assert (fresh.is_superuser, fresh.is_staff, fresh.has_perm("accounts.change_user")) == (True, True, True)


@pytest.mark.promise(101)
def test_saving_a_pinned_superuser_leaves_a_superuser(superuser: User, town: Town) -> None:
    """The kind of fault: what is hidden from a request is taken for what is stored, and written."""
    person = person_in(pinned(superuser, town.a.tenant).cookies["sessionid"].value)

    person.name = "Another"
    person.save()
    person.refresh_from_db()

    assert (person.name, person.is_superuser) == ("Another", False)
    stored = User.objects.get(pk=superuser.pk)
    assert (stored.name, stored.is_superuser, stored.is_staff) == ("Another", True, True)
    person.pinned_tenant = None
    assert (person.is_superuser, person.is_staff) == (True, True)


@pytest.mark.promise(101)
def test_a_right_that_was_not_loaded_is_not_there_either(superuser: User, town: Town) -> None:
    partly = User.objects.only("name").get(pk=superuser.pk)
    partly.pinned_tenant = town.a.tenant.pk
    assert partly.is_superuser is False
    partly.pinned_tenant = None
    assert partly.is_superuser is True
