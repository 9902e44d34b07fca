"""The built-in roles: changes by administrators stay, and permissions new in the code are added once."""

import pytest

from accounts.models import Role
from accounts.organizations import roles
from accounts.organizations.delegation import permissions_of
from audit.models import Entry
from tenancy import site_context

pytestmark = pytest.mark.django_db

NEW, TAKEN, GIVEN = "accounts.delete_invitation", "audit.view_entry", "accounts.delete_user"


def provide() -> None:
    roles.provide(using="default")


def owner() -> Role:
    with site_context("a test"):
        return Role.objects.get(name="owner", tenant=None)


def change(*, take: tuple[str, ...] = (), give: tuple[str, ...] = ()) -> None:
    with site_context("a test changes a role"):
        owner().permissions.remove(*roles.permissions(take))
        owner().permissions.add(*roles.permissions(give))


def test_a_new_site_has_the_built_in_roles() -> None:
    with site_context("a test"):
        has = {role.name: permissions_of(role) for role in Role.objects.filter(tenant=None)}

    assert has == {one.name: set(one.permissions) for one in roles.BUILT_IN}


def test_changes_by_administrators_stay() -> None:
    change(take=(TAKEN,), give=(GIVEN,))
    last = Entry.objects.latest("id").pk
    provide()
    provide()

    with site_context("a test"):
        assert permissions_of(owner()) == {*roles.OWNER.permissions, GIVEN} - {TAKEN}
    assert Entry.objects.latest("id").pk == last, "nothing was written"


def test_permissions_that_are_new_in_the_code_are_added_once() -> None:
    """The role is as an earlier version left it, which did not know one of the permissions."""
    change(take=(NEW, TAKEN))
    known = [label for label in roles.OWNER.permissions if label != NEW]
    with site_context("a test"):
        Role.objects.filter(pk=owner().pk).update(provided=known)
    provide()
    with site_context("a test"):
        assert permissions_of(owner()) == {*roles.OWNER.permissions} - {TAKEN}

    change(take=(NEW,))
    provide()
    with site_context("a test"):
        assert NEW not in permissions_of(owner())


def test_a_deleted_built_in_role_is_created_again() -> None:
    with site_context("a test"):
        Role.objects.get(name="admin", tenant=None).delete()
    provide()

    with site_context("a test"):
        assert permissions_of(Role.objects.get(name="admin", tenant=None)) == set(roles.ADMIN.permissions)
