"""Kinds of models that the product does not have yet: proxies, inheritance, composite keys, a tenant."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import RequestFactory
from django.utils import translation

from accounts.models import User
from audit import announce, declarations, triggers
from audit.models import Entry
from audit.reading.presentation import show
from audit.reading.visibility import ObjectReference, Visibility
from config.database import as_owner
from foundation.declarations import Audited
from tests.audit.truth import last_entry
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)

Shapes = dict[str, type[models.Model]]


@pytest.fixture
def shapes(servers: Servers, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shapes]:
    """Give models that exist during one test, with tables and triggers as ``migrate`` creates them."""
    made: Shapes = {model.__name__: model for model in _define()}
    with_tables = [model for model in made.values() if not model._meta.proxy]
    monkeypatch.setitem(declarations.declared(), "accounts.team", Audited("accounts.Team"))
    monkeypatch.setitem(declarations.declared(), "accounts.seat", Audited("accounts.Seat", person="holder"))
    with as_owner(servers.owner_url):
        with connection.schema_editor() as editor:
            for model in with_tables:
                editor.create_model(model)
        triggers.install()
    announce.connect()
    yield made
    with as_owner(servers.owner_url), connection.schema_editor() as editor:
        for model in reversed(with_tables):
            editor.delete_model(model)
    announce.disconnect()
    for name in made:
        del apps.all_models["accounts"][name.lower()]
    apps.clear_cache()
    announce.connect()


def _define() -> list[type[models.Model]]:
    class Employee(Group):
        class Meta:
            proxy = True
            app_label = "accounts"

    class Team(Group):
        motto = models.TextField()
        founded = models.DateField(null=True)

        class Meta:
            app_label = "accounts"

    class Seat(models.Model):
        pk = models.CompositePrimaryKey("row", "number")
        row = models.CharField(max_length=1)
        number = models.IntegerField()
        tenant_id = models.UUIDField()
        holder = models.TextField()

        class Meta:
            app_label = "accounts"

        def __str__(self) -> str:
            return f"{self.row}{self.number}"

    return [Employee, Team, Seat]


@pytest.mark.promise(74)
def test_the_changes_of_a_proxy_are_those_of_its_table(shapes: Shapes) -> None:
    last = last_entry()
    employee = shapes["Employee"](name="x")
    employee.save()
    employee.delete()

    assert _told(last) == [("auth_group", "create", "signal"), ("auth_group", "delete", "signal")]


@pytest.mark.promise(74)
def test_one_save_of_an_inheriting_model_changes_two_tables(shapes: Shapes) -> None:
    last = last_entry()
    team = shapes["Team"](name="x", motto="y")
    team.save()
    team.motto = "z"  # type: ignore[attr-defined]  # typed as any model
    team.save()
    team.delete()

    assert sorted(_told(last)) == [
        ("accounts_team", "create", "signal"),
        ("accounts_team", "delete", "signal"),
        ("accounts_team", "update", "signal"),
        ("auth_group", "create", "signal"),
        ("auth_group", "delete", "signal"),
    ]


@pytest.mark.promise(74)
def test_a_row_with_a_key_of_two_columns_and_a_tenant_is_named_by_both(shapes: Shapes) -> None:
    last, tenant = last_entry(), UUID(int=7)
    seat = shapes["Seat"](row="A", number=12, tenant_id=tenant, holder="ada")
    seat.save()
    shapes["Seat"]._default_manager.filter(row="A").update(number=13, holder="bob")  # noqa: SLF001  # Django documents it

    created, changed = Entry.objects.filter(pk__gt=last).order_by("pk")
    for entry in (created, changed):
        assert (entry.object_id, entry.person, entry.tenant_id) == ("A,12", "ada", str(tenant))
    assert changed.after == {"number": 13, "holder": "bob"}


def test_readers_see_both_keys_of_a_row_with_two_and_dates_as_dates(shapes: Shapes) -> None:
    """No page can find such a row by its composite key, so it is shown as the trail has it."""
    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser(username="root")
    visibility = Visibility(request)

    assert visibility.named(shapes["Seat"], "A,12") == ObjectReference(text="A,12", id="A,12", kind="seat")
    with translation.override("de"):
        assert show(shapes["Team"], "founded", "2026-11-29", visibility).text == "29. November 2026"


def _told(last: int) -> list[tuple[str | None, str, str]]:
    entries = Entry.objects.filter(pk__gt=last).order_by("pk")
    return list(entries.values_list("object_table", "action", "source"))
