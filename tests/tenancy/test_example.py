"""The example of docs/tenancy.md: what it shows is what is installed here, and two lines guard its tables."""

import io
import re
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter
from django.db.models import QuerySet
from django.test import Client
from django.urls import path

from accounts.models import User
from audit.models import Entry
from config.database import as_owner
from config.variables import CHECKOUT
from tenancy import (
    EnableOwnerIsolation,
    EnableTenantIsolation,
    PersonOwned,
    TenantOwned,
    person_context,
    site_context,
    tenant_context,
)
from tenancy.checks import guarded_models, rows_have_one_kind_of_owner
from tenancy.isolation import AddPolicies, OwnedTwice
from tests.support.proven import sign_in
from tests.support.servers import Servers
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("notes"), pytest.mark.urls(__name__)]

PAGE = (CHECKOUT / "docs" / "tenancy.md").read_text()
BLOCK = re.compile(r"`notes/([\w/]+\.py)`[^\n]*\n(?:[^\n]+\n)*\n```python\n(.*?)```", re.DOTALL)
HERE = CHECKOUT / "tests" / "tenancy" / "notes"


def _view(name: str) -> Any:
    """The example's modules can be imported only while it is installed."""

    def view(request: Any) -> Any:
        from tests.tenancy.notes import views  # noqa: PLC0415

        return getattr(views, name)(request)

    return view


urlpatterns = [path("notes", _view("listed")), path("exported", _view("exported"))]


@pytest.fixture
def written(town: Town) -> Town:
    for side in (town.a, town.b):
        call_command("write_note", str(side.tenant.pk), f"of {side.tenant}")
        with person_context(side.owner.pk):
            model("Post").objects.create(user=side.owner, text=f"by {side.owner}")
    return town


def model(name: str) -> Any:
    return apps.get_model("notes", name)


@pytest.mark.promise(73)
def test_the_page_shows_the_files_that_are_tested_here() -> None:
    shown = dict(BLOCK.findall(PAGE))

    assert {file for file in shown if not file.endswith("__init__.py")} == {
        str(file.relative_to(HERE)) for file in HERE.rglob("*.py") if file.name != "__init__.py"
    }
    for file, text in shown.items():
        assert (HERE / file).read_text().replace("tests.tenancy.notes", "notes") == text, file


@pytest.mark.promise(73)
def test_the_migration_is_what_makemigrations_writes_and_two_lines() -> None:
    out = io.StringIO()
    call_command("makemigrations", "notes", "--check", "--dry-run", stdout=out)

    assert "No changes detected" in out.getvalue()


@pytest.mark.parametrize(
    ("operation", "written"),
    [
        (EnableTenantIsolation("note"), "tenancy.isolation.EnableTenantIsolation(\n    model_name='note',\n),"),
        (
            EnableOwnerIsolation("post", column="author_id"),
            "tenancy.isolation.EnableOwnerIsolation(\n    model_name='post',\n    column='author_id',\n),",
        ),
    ],
)
def test_squashing_migrations_keeps_the_line_that_guards_a_table(operation: Any, written: str) -> None:
    assert OperationWriter(operation, indentation=0).serialize() == (written, {"import tenancy.isolation"})


def test_a_plan_of_migrations_says_which_rows_are_to_be_guarded() -> None:
    assert EnableTenantIsolation("note").describe() == "Guard the rows of note"
    assert AddPolicies("note", many_to_many="tags").describe() == "Guard the rows of note.tags"


@pytest.mark.promise(73)
def test_no_check_complains() -> None:
    faults = run_checks(databases=["default"])

    assert [fault for fault in faults if str(fault.id).startswith(("accounts.", "audit."))] == []
    assert {"notes_note", "notes_post"} <= {one._meta.db_table for one in guarded_models()}


@pytest.mark.parametrize("raw", [False, True], ids=["by the manager", "by the database alone"])
@pytest.mark.promise(73)
def test_a_tenants_notes_are_seen_in_its_context_alone(written: Town, raw: bool) -> None:  # noqa: FBT001
    notes: Any = QuerySet(model("Note")) if raw else model("Note").objects

    assert list(notes.all()) == []
    for side in (written.a, written.b):
        with tenant_context(side.tenant.pk, person_id=side.owner.pk):
            assert [note.text for note in notes.all()] == [f"of {side.tenant}"]
        with person_context(side.owner.pk):
            assert list(notes.all()) == []
    with site_context("a test"):
        assert notes.count() == 2


@pytest.mark.parametrize("raw", [False, True], ids=["by the manager", "by the database alone"])
@pytest.mark.promise(73)
def test_a_persons_posts_are_theirs_wherever_they_are(written: Town, raw: bool) -> None:  # noqa: FBT001
    raw_posts: Any = QuerySet(model("Post"))
    posts: Any = raw_posts if raw else model("Post").objects
    owner = written.a.owner

    assert list(posts.all()) == []
    with person_context(owner.pk):
        assert [post.text for post in posts.all()] == ["by Abbey Owner"]
    with tenant_context(written.a.tenant.pk, person_id=owner.pk):
        assert [str(post) for post in raw_posts.all()] == ["by Abbey Owner"]
    with tenant_context(written.a.tenant.pk):
        assert list(posts.all()) == []


@pytest.mark.promise(73)
def test_nothing_is_written_for_another_owner(written: Town) -> None:
    note: Any = model("Note")
    post: Any = model("Post")
    with tenant_context(written.a.tenant.pk, person_id=written.a.owner.pk):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            note.objects.create(tenant=written.b.tenant, text="smuggled")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            post.objects.create(user=written.b.owner, text="smuggled")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            note.objects.update(tenant=written.b.tenant)
        assert QuerySet(note).filter(tenant=written.b.tenant).delete()[0] == 0
        assert QuerySet(post).filter(user=written.b.owner).update(text="") == 0


@pytest.mark.promise(73)
def test_requests_tasks_commands_and_streams_keep_apart(written: Town) -> None:
    from tests.tenancy.notes.tasks import shout  # noqa: PLC0415  # only while it is installed

    shout.apply([], {"tenant_id": written.a.tenant.pk}).get()
    client = Client()
    sign_in(client, written.a.owner)

    assert client.get("/notes").json() == {"notes": ["OF ABBEY"]}
    assert client.get("/exported").getvalue() == b"OF ABBEY\n"
    sign_in(client, written.b.owner)
    assert client.get("/notes").json() == {"notes": ["of Barn"]}
    sign_in(client, User.objects.create_user(name="Nobody"))
    assert client.get("/notes").json() == {"notes": []}
    assert client.get("/exported").status_code == 403


@pytest.mark.promise(73)
def test_the_trail_tells_of_both(written: Town) -> None:
    told = {
        (entry.object_table, entry.tenant_id, entry.person)
        for entry in Entry.objects.filter(object_table__startswith="notes_")
    }

    a, b = written.a, written.b
    assert told == {
        ("notes_note", str(a.tenant.pk), None),
        ("notes_note", str(b.tenant.pk), None),
        ("notes_post", None, str(a.owner.pk)),
        ("notes_post", None, str(b.owner.pk)),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "operation"), [("note", EnableOwnerIsolation), ("post", EnableTenantIsolation)])
@pytest.mark.promise(73)
def test_a_second_kind_of_owner_is_refused_by_the_migration(servers: Servers, name: str, operation: Any) -> None:
    state = ProjectState.from_apps(apps)
    with (
        as_owner(servers.owner_url),
        pytest.raises(OwnedTwice, match="one kind of owner"),
        connection.schema_editor() as editor,
    ):
        operation(name, column="id").database_forwards("notes", editor, state, state)


@pytest.mark.promise(73)
def test_a_model_of_two_kinds_of_owners_is_refused_by_a_check() -> None:
    class Both(TenantOwned, PersonOwned):  # type: ignore[misc]  # that they do not go together is the point
        class Meta:
            app_label = "notes"

        def __str__(self) -> str:
            return "both"

    try:
        assert [(fault.id, fault.obj) for fault in rows_have_one_kind_of_owner(None)] == [("accounts.E003", Both)]
    finally:
        del apps.all_models["notes"]["both"]
        apps.clear_cache()
    assert rows_have_one_kind_of_owner(None) == []


@pytest.mark.promise(73)
def test_the_table_of_a_many_to_many_field_needs_its_guard_too() -> None:
    class Board(models.Model):
        notes: Any = models.ManyToManyField(model("Note"))

        class Meta:
            app_label = "notes"

        def __str__(self) -> str:
            return "board"

    try:
        assert Board.notes.through in set(guarded_models())
        assert Board not in set(guarded_models())
    finally:
        del apps.all_models["notes"]["board"], apps.all_models["notes"]["board_notes"]
        apps.clear_cache()


@pytest.mark.promise(73)
def test_an_id_that_is_no_tenant_opens_nothing(written: Town) -> None:
    with tenant_context(UUID(int=0)):
        assert QuerySet(model("Note")).count() == 0
