"""A tenant's tasks run in its context: tried on a real worker, over the real queue."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from accounts.models import Membership, Tenant
from audit.models import Entry
from config.celery import app
from tenancy.context import NOTHING, current
from tenancy.tasks import tenant_task
from tests.support.waiting import until
from tests.support.worker import working
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@tenant_task()
def see(where: str) -> list[str]:
    """Look around, and write it down by a change that the trail keeps."""
    names = list(Tenant.objects.values_list("name", flat=True))
    for membership in Membership.objects.filter(user__name=where):
        membership.is_primary = True
        membership.save()
    return names


@tenant_task()
def fail() -> None:
    Tenant.objects.update(name="changed")
    raise ZeroDivisionError


@pytest.fixture
def worker() -> Iterator[None]:
    with working(app):
        yield


@pytest.mark.promise(73)
def test_a_task_sees_and_writes_its_tenant_and_no_other(town: Town, worker: None) -> None:
    for side in (town.b, town.a):
        see.delay("Abbey Owner", tenant_id=side.tenant.pk)

    changes = Entry.objects.filter(object_table="accounts_membership", action="update")
    until(changes.exists, seconds=10)
    assert changes.get().tenant_id == str(town.a.tenant.pk)


@pytest.mark.promise(73)
def test_its_own_entry_keeps_tenants_apart_too(town: Town) -> None:
    for side in (town.a, town.b):
        assert see.apply(["nobody"], {"tenant_id": str(side.tenant.pk)}).get() == [side.tenant.name]
    assert see.apply(["nobody"], {"tenant_id": uuid4()}).get() == []
    assert current() is NOTHING


@pytest.mark.promise(73)
def test_a_task_that_fails_changes_nothing(town: Town) -> None:
    with pytest.raises(ZeroDivisionError):
        fail.apply([], {"tenant_id": town.a.tenant.pk}).get()

    assert see.apply(["nobody"], {"tenant_id": town.a.tenant.pk}).get() == ["Abbey"]


@pytest.mark.promise(73)
def test_a_task_without_its_tenant_is_not_even_sent(town: Town) -> None:
    with pytest.raises(TypeError, match="tenant_id"):
        see.delay("Both")
    with pytest.raises(ValueError, match="badly formed"):
        see.apply(["Both"], {"tenant_id": "abbey"}).get()
