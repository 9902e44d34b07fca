"""Who acts, who is behind the actor, why, and from where: in changes and in the events of their request."""

import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import shared_task
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, migrations
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts.models import User
from audit.comment import comment
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.middleware import ContextMiddleware
from audit.models import Entry
from config.celery import app
from config.variables import CHECKOUT
from tests.audit.truth import last_entry, rolled_back
from tests.support.proven import proven
from tests.support.waiting import until
from tests.support.worker import working

ADA, BOB = Actor(ActorKind.PERSON, "ada"), Actor(ActorKind.PERSON, "bob")
PAYROLL = Actor(ActorKind.SERVICE, "payroll")
WHY = "They asked us to, by letter."


@shared_task  # type: ignore[untyped-decorator]  # a library without types
def name_a_group_for_somebody(name: str) -> None:
    Group.objects.create(name=name)


@pytest.mark.django_db
@pytest.mark.parametrize("actor", [BOB, PAYROLL])
@pytest.mark.promise(75)
def test_changes_and_events_name_who_is_behind_an_impersonation_or_a_service(actor: Actor) -> None:
    last = last_entry()
    with acting(actor=actor, behind=ADA):
        group = Group.objects.create(name="staff")
        group.user_set.add(User.objects.create(name="Cy", email="cy@example.com"))
        group.name = "employees"
        group.save()
        group.delete()
        record(Event.SIGN_OUT_SUCCEEDED)
    Group.objects.create(name="alone")

    *told, alone = Entry.objects.filter(pk__gt=last).order_by("pk")
    assert {(entry.actor, entry.behind) for entry in told} == {(actor, ADA)}
    assert {entry.action for entry in told} == {"create", "update", "delete", "sign_out.succeeded"}
    assert alone.behind is None


@pytest.mark.django_db
@pytest.mark.promise(75)
def test_whoever_is_behind_the_actor_has_a_known_kind() -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="not a kind of actor: god"):
        cursor.execute('/*audit {"h": "god", "i": "x"}*/ INSERT INTO auth_group (name) VALUES (\'x\')')


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(75)
def test_a_job_knows_the_tenant_the_reason_and_who_is_behind_from_its_headers() -> None:
    tenant, batch = uuid4(), uuid4()
    with working(app), acting(actor=PAYROLL, behind=ADA, tenant_id=tenant, batch_id=batch, reason=WHY):
        name_a_group_for_somebody.delay("asked for")
        found = Entry.objects.filter(object_table="auth_group", after__name="asked for")
        until(found.exists, seconds=10)
    entry = found.get()

    assert (entry.actor, entry.behind, entry.tenant_id, entry.batch_id) == (PAYROLL, ADA, str(tenant), batch)
    assert Entry.objects.get(action="reason.given", batch_id=batch).reason == WHY


@pytest.mark.django_db
@pytest.mark.promise(75)
def test_the_reason_of_changes_is_that_of_one_event_with_their_request() -> None:
    request_id, last = uuid4(), last_entry()
    with acting(actor=ADA, request_id=request_id, reason=WHY):
        assert WHY not in comment()
        for name in ("one", "two", "three"):
            Group.objects.create(name=name)

    first, *changes = Entry.objects.filter(pk__gt=last).order_by("pk")
    assert (first.action, first.reason, first.request_id, first.actor) == ("reason.given", WHY, request_id, ADA)
    assert [(entry.action, entry.request_id) for entry in changes] == [("create", request_id)] * 3


@pytest.mark.django_db
@pytest.mark.promise(75)
def test_a_reason_without_a_request_or_a_batch_makes_a_batch_of_its_block() -> None:
    last = last_entry()
    with acting(reason=WHY):
        Group.objects.create(name="one")
        Group.objects.filter(name="one").update(name="two")

    batches = {entry.batch_id for entry in Entry.objects.filter(pk__gt=last)}
    assert len(batches) == 1
    assert None not in batches


@pytest.mark.django_db
@pytest.mark.promise(75)
def test_a_reason_that_was_rolled_back_is_given_again_and_one_without_a_change_never() -> None:
    last = last_entry()
    with acting(batch_id=uuid4(), reason=WHY):
        with rolled_back():
            Group.objects.create(name="never")
        assert not Entry.objects.filter(pk__gt=last).exists()
        Group.objects.create(name="one")
        assert Group.objects.count() == 1

    told = Entry.objects.filter(pk__gt=last).order_by("pk")
    assert [entry.action for entry in told] == ["reason.given", "create"]


@pytest.mark.django_db
@pytest.mark.promise(75)
def test_the_origin_of_a_request_that_only_changes_rows_is_recorded_once(client: Client) -> None:
    root = User.objects.create_superuser(username="root")
    proven(root, client)
    group = Group.objects.create(name="staff")
    answer = client.post(
        f"/admin/auth/group/{group.pk}/change/",
        {"name": "employees"},
        REMOTE_ADDR="192.0.2.7",
        headers={"user-agent": "Firefox"},
    )

    entries = Entry.objects.filter(request_id=UUID(answer.headers["X-Request-ID"]))
    (whence,) = entries.filter(source="event")
    assert entries.filter(action="update", object_table="auth_group").count() == 1
    assert (whence.action, whence.actor.id) == ("request.recorded", str(root.pk))
    assert (whence.personal.ip_address, whence.personal.user_agent) == ("192.0.2.7", "Firefox")


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["nothing", "taken_back", "with_an_event"])
@pytest.mark.promise(75)
def test_other_requests_leave_no_event_of_that_kind(view: str) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        if view == "taken_back":
            with rolled_back():
                Group.objects.create(name="never")
        if view == "with_an_event":
            Group.objects.create(name="staff")
            record(Event.SIGN_OUT_SUCCEEDED)
        return HttpResponse()

    ContextMiddleware(answer)(RequestFactory().get("/", REMOTE_ADDR="192.0.2.7"))

    assert not Entry.objects.filter(action="request.recorded").exists()


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(75)
def test_a_command_acts_under_its_name() -> None:
    command = [sys.executable, "manage.py", "create_tenant", "--name", "By Command"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    entry = Entry.objects.get(object_table="accounts_tenant", after__name="By Command")
    assert entry.actor == Actor(ActorKind.COMMAND, "create_tenant")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(75)
def test_a_migration_makes_changes_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    applied = migrations.Migration.apply

    def watch(self: migrations.Migration, *args: Any, **options: Any) -> Any:
        Group.objects.create(name=f"of {self}")
        return applied(self, *args, **options)

    call_command("migrate", "mfa", "0002", verbosity=0)
    with monkeypatch.context() as changed:
        changed.setattr(migrations.Migration, "apply", watch)
        call_command("migrate", "mfa", verbosity=0)

    entry = Entry.objects.get(object_table="auth_group", action="create")
    assert entry.actor == Actor(ActorKind.MIGRATION, "mfa.0003_authenticator_type_uniq")
