"""The context manager: it ends with its transaction, it nests, and a pooled connection keeps nothing of it."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from accounts.models import Membership, Role, Tenant
from audit.context import Actor, ActorKind
from audit.models import Entry
from tenancy import person_context, site_context, tenant_context
from tenancy.context import NOTHING, current
from tests.tenancy.conftest import Town

ASK = "SELECT current_setting('app.tenant_id', true), current_setting('app.scope', true), pg_backend_pid()"


def told() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        tenant_id, scope, _ = cursor.fetchone()
        return tenant_id or "", scope or ""


def names() -> set[str]:
    return set(Tenant.objects.values_list("name", flat=True))


@pytest.mark.django_db
def test_contexts_nest_and_give_back_what_was_before(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        assert names() == {"Abbey"}
        with tenant_context(town.b.tenant.pk):
            assert names() == {"Barn"}
        assert names() == {"Abbey"}
        with site_context("a test"):
            assert names() == {"Abbey", "Barn"}
        assert told() == (str(town.a.tenant.pk), "")
        with person_context(town.both.pk):
            assert names() == {"Abbey", "Barn"}
        assert names() == {"Abbey"}
    assert names() == set()


@pytest.mark.django_db
def test_in_a_tenant_nobody_meets_their_other_tenants_by_the_way(town: Town) -> None:
    with tenant_context(town.a.tenant.pk, person_id=town.both.pk):
        assert names() == {"Abbey"}
        assert {m.tenant_id for m in Membership.objects.all()} == {town.a.tenant.pk}


@pytest.mark.django_db
def test_a_context_that_fails_leaves_the_outer_one_as_it_was(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        again = Membership(user=town.both, tenant=town.b.tenant, role=Role.objects.get(name="member"))
        with pytest.raises(IntegrityError), tenant_context(town.b.tenant.pk):
            again.save()
        assert told() == (str(town.a.tenant.pk), "")
        assert names() == {"Abbey"}


@pytest.mark.django_db
def test_a_queryset_written_outside_obeys_the_context_in_which_it_runs(town: Town) -> None:
    everything = Membership.objects.all()

    with tenant_context(town.a.tenant.pk):
        assert len(everything.all()) == 3
    assert len(everything.all()) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(73)
def test_two_tenants_alternate_on_one_pooled_connection() -> None:
    a, b = (_tenant(name) for name in ("Abbey", "Barn"))
    served: dict[int, set[UUID]] = {}
    for turn in range(64):  # without a period that a pool going around could fall into step with
        ours, theirs = (a, "Barn") if turn.bit_count() % 2 else (b, "Abbey")
        with tenant_context(ours):
            with connection.cursor() as cursor:
                cursor.execute(ASK)
                served.setdefault(cursor.fetchone()[2], set()).add(ours)
            assert list(QuerySet(Tenant).values_list("pk", flat=True)) == [ours]
            assert theirs not in names()
        assert told() == ("", "")
        assert not QuerySet(Tenant).exists()
        connection.close()  # back to the pool
    assert {a, b} in served.values(), "no connection served both"


@pytest.mark.django_db(transaction=True)
def test_a_failed_transaction_forgets_its_tenant() -> None:
    tenant = _tenant("Abbey")
    with pytest.raises(ZeroDivisionError), tenant_context(tenant):
        1 / 0  # noqa: B018

    assert told() == ("", "")
    assert current() is NOTHING


@pytest.mark.django_db
def test_the_trail_names_the_actor_and_the_rows_tenant(town: Town) -> None:
    with tenant_context(town.a.tenant.pk, actor=Actor(ActorKind.JOB, "tidy")):
        Membership.objects.filter(user=town.both).update(is_primary=True)

    entry = Entry.objects.latest("id")
    assert (entry.actor_kind, entry.actor_id, entry.tenant_id) == ("job", "tidy", str(town.a.tenant.pk))
    assert entry.person == str(town.both.pk)


@pytest.mark.django_db
def test_an_unknown_tenant_shows_nothing() -> None:
    with tenant_context(uuid4()):
        assert names() == set()


def _tenant(name: str) -> UUID:
    with site_context("a test builds a tenant"):
        pk: UUID = Tenant.objects.create(name=name).pk
        return pk
