"""The database keeps tenants apart by itself: these tests go past our querysets, down to plain SQL."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from psycopg import sql

from accounts.models import Membership, Role, Tenant, User
from tenancy import person_context, site_context, tenant_context
from tenancy.checks import guarded_models
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db


def seen(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        (count,) = cursor.fetchone()
        return int(count)


@pytest.mark.promise(73)
def test_without_a_context_no_row_of_a_tenant_is_there(town: Town) -> None:
    assert not Tenant.objects.exists()
    assert not Membership.objects.exists()
    assert not QuerySet(Tenant).exists()
    for model in guarded_models():
        assert seen(model._meta.db_table) == 0, model


@pytest.mark.promise(73)
def test_global_roles_are_there_for_everybody_and_a_tenants_own_for_it_alone(town: Town) -> None:
    everywhere = {"owner", "admin", "member"}

    assert set(Role.objects.values_list("name", flat=True)) == everywhere
    with tenant_context(town.a.tenant.pk):
        assert set(QuerySet(Role).values_list("name", flat=True)) == {*everywhere, "Abbey clerk"}


@pytest.mark.promise(73)
def test_a_tenants_context_shows_its_rows_only_even_to_plain_sql(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        assert list(QuerySet(Tenant).values_list("name", flat=True)) == ["Abbey"]
        assert set(QuerySet(Membership).values_list("tenant_id", flat=True)) == {town.a.tenant.pk}
        assert seen("accounts_membership") == 3


@pytest.mark.promise(73)
def test_from_the_other_side_of_a_relation_the_same_rows_are_there(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        assert {membership.tenant_id for membership in town.both.memberships.all()} == {town.a.tenant.pk}
        assert town.a.tenant.memberships.count() == 3
        assert not town.b.tenant.memberships.exists()
    assert not town.a.tenant.memberships.exists()


@pytest.mark.promise(73)
def test_a_person_sees_their_own_memberships_and_tenants_and_cannot_write_them(town: Town) -> None:
    with person_context(town.both.pk):
        assert {m.tenant.name for m in Membership.objects.select_related("tenant")} == {"Abbey", "Barn"}
        assert Membership.objects.update(is_primary=True) == 0
        assert Membership.objects.all().delete()[0] == 0


@pytest.mark.promise(73)
def test_the_whole_site_is_seen_in_its_own_context_only(town: Town) -> None:
    with site_context("a test"):
        assert seen("accounts_membership") == 6
    assert seen("accounts_membership") == 0


@pytest.mark.promise(73)
def test_nothing_is_written_into_another_tenant(town: Town) -> None:
    role = Role.objects.get(name="member")
    with tenant_context(town.a.tenant.pk):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Membership.objects.create(user=town.a.owner, tenant=town.b.tenant, role=role)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Membership.objects.filter(user=town.a.member).update(tenant=town.b.tenant)
        assert QuerySet(Membership).filter(tenant=town.b.tenant).update(role=role) == 0


@pytest.mark.parametrize("scope", ["site", "tenant"])
@pytest.mark.promise(73)
def test_a_role_of_one_tenant_is_given_in_no_other(town: Town, scope: str) -> None:
    context = site_context("a test") if scope == "site" else tenant_context(town.a.tenant.pk)
    with context, pytest.raises(DatabaseError, match="role_fits"), transaction.atomic():
        Membership.objects.filter(user=town.a.member).update(role_id=town.b.role.pk)


@pytest.mark.promise(73)
def test_global_roles_change_by_the_site_alone(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        assert Role.objects.filter(name="owner").update(name="king") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Role.objects.create(name="another")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Role.objects.get(name="member").permissions.set([1])


@pytest.mark.promise(73)
def test_a_deleted_account_takes_its_memberships_along_wherever_they_are(town: Town) -> None:
    town.both.delete()

    with site_context("a test looks"):
        assert not Membership.objects.filter(user_id=town.both.pk).exists()


@pytest.mark.promise(73)
def test_the_runtime_role_owns_nothing_and_every_guard_is_forced() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        for model in guarded_models():
            cursor.execute(
                "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", [model._meta.db_table]
            )
            assert cursor.fetchone() == (True, True), model
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("ALTER TABLE accounts_membership DISABLE ROW LEVEL SECURITY")


@pytest.mark.promise(73)
def test_users_are_not_guarded_and_stay_findable(town: Town) -> None:
    assert User.objects.filter(pk=town.b.member.pk).exists()
