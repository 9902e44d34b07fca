"""The database functions that write the trail: the content of entries, who may write them, and what survives."""

import subprocess
import sys
import time
from threading import Barrier, Thread
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from accounts.models import Identity, User
from audit.context import Actor, ActorKind, acting
from audit.models import Entry, Personal, TrailIsReadOnly
from tests.audit.truth import last_entry, rolled_back
from tests.support.servers import Servers

CANARY = "canary-that-must-not-sing"


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_an_entry_has_actor_action_object_person_request_and_transaction() -> None:
    actor, request_id, batch_id = Actor(ActorKind.SERVICE, "payroll"), uuid4(), uuid4()
    user = User.objects.create_user(name="Ada")
    with acting(actor=actor, request_id=request_id, batch_id=batch_id, tenant_id="t-1"):
        user.is_staff = True
        user.save()

    entry = Entry.objects.get(request_id=request_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint, clock_timestamp() - %s < '1 minute'", [entry.at])
        assert cursor.fetchone() == (entry.txid, True)
    assert (entry.actor, entry.action, entry.object_table) == (actor, "update", "accounts_user")
    assert (entry.object_id, entry.person) == (str(user.pk), str(user.pk))
    assert (entry.batch_id, entry.tenant_id) == (batch_id, "t-1")
    assert (entry.before, entry.after) == ({"is_staff": False}, {"is_staff": True})


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_a_write_without_an_actor_is_labelled_with_the_role_that_wrote() -> None:
    group = Group.objects.create(name="staff")

    assert str(Entry.objects.get(object_id=str(group.pk), object_table="auth_group").actor) == "database: vestibule_app"


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_the_trail_has_only_that_a_secret_changed_and_never_its_value() -> None:
    user = User.objects.create_user(name="Ada", password=CANARY)
    first = user.password
    user.set_password(CANARY + "2")
    user.save()
    User.objects.filter(pk=user.pk).update(password=CANARY)
    User.objects.bulk_create([User(password=CANARY)])
    user.delete()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(e::text, '') || (SELECT string_agg(p::text, '') FROM audit_personal p) "
            "FROM audit_entry e"
        )
        (everything,) = cursor.fetchone()
    assert "(secret)" in everything
    for secret in (CANARY, first, user.password):
        assert secret not in everything
    assert Entry.objects.filter(action="update", after={"password": "(secret)"}).count() == 2


@pytest.mark.django_db
def test_personal_values_are_only_in_the_side_table_and_the_entry_has_their_digest() -> None:
    user = User.objects.create_user(name="Ada Lovelace", email="ada@example.com")
    user.email = "countess@example.com"
    user.save()
    entry = Entry.objects.filter(person=str(user.pk)).latest("id")
    kept = Personal.objects.get(pk=entry.pk)

    assert (entry.before, entry.after) == ({"email": "(personal)"}, {"email": "(personal)"})
    assert (kept.before, kept.after) == ({"email": "ada@example.com"}, {"email": "countess@example.com"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, '') FROM audit_entry e")
        assert not {"Lovelace", "example.com"} & set(cursor.fetchone()[0].replace('"', " ").replace("@", " ").split())
        cursor.execute(
            "SELECT e.personal_digest = audit_digest(p.salt, p.before, p.after, p.ip_address, p.user_agent), "
            "e.personal_digest = audit_digest(gen_random_uuid(), p.before, p.after, p.ip_address, p.user_agent) "
            "FROM audit_entry e JOIN audit_personal p ON p.entry_id = e.id WHERE e.id = %s",
            [entry.pk],
        )
        assert cursor.fetchone() == (True, False)


@pytest.mark.django_db
def test_a_change_of_nothing_personal_has_no_row_in_the_side_table() -> None:
    user = User.objects.create_user(name="Ada")
    User.objects.filter(pk=user.pk).update(is_active=False)
    entry = Entry.objects.filter(person=str(user.pk)).latest("id")

    assert entry.personal_digest is None
    assert not Personal.objects.filter(pk=entry.pk).exists()


@pytest.mark.django_db
def test_the_trail_cannot_be_written_through_its_models() -> None:
    Group.objects.create(name="staff")
    entry = Entry.objects.latest("id")

    for write in (entry.save, entry.delete, Personal(entry=entry).save):
        with pytest.raises(TrailIsReadOnly):
            write()


@pytest.mark.promise(74)
def test_a_write_from_outside_django_is_recorded_even_in_replica_mode(servers: Servers, transactional_db: None) -> None:
    with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("INSERT INTO auth_group (name) VALUES ('by hand')")

    assert Entry.objects.latest("id").actor == Actor(ActorKind.DATABASE, "postgres")


DOOMED = """
import sys, django; django.setup()
from contextlib import nullcontext
from django.contrib.auth.models import Group
from django.db import transaction
with transaction.atomic() if sys.argv[1] == "transaction" else nullcontext():
    Group.objects.create(name="doomed")
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.process
@pytest.mark.promise(74)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("mode", "survivors"), [("transaction", 0), ("autocommit", 1)])
def test_row_and_entry_survive_or_are_lost_together_when_the_process_is_killed(mode: str, survivors: int) -> None:
    last = last_entry()
    command = [sys.executable, "-c", DOOMED, mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.kill()

    assert Group.objects.filter(name="doomed").count() == survivors
    assert Entry.objects.filter(pk__gt=last).count() == survivors


@pytest.mark.promise(74)
@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_write_leaves_no_entry() -> None:
    last = last_entry()
    with rolled_back():
        Group.objects.create(name="never")

    assert not Entry.objects.filter(pk__gt=last).exists()


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_mix_their_actors() -> None:
    together = Barrier(2, timeout=10)

    def write(name: str) -> None:
        with acting(actor=Actor(ActorKind.JOB, name)), transaction.atomic():
            for number in range(20):
                together.wait()
                Group.objects.create(name=f"{name} {number}")
        connection.close()

    threads = [Thread(target=write, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries = Entry.objects.filter(object_table="auth_group", action="create")
    assert len(entries) == 40
    for entry in entries:
        assert entry.after is not None
        assert entry.after["name"].split()[0] == entry.actor.id
        assert entry.source == "signal"


@pytest.mark.django_db
def test_a_bulk_update_after_single_saves_does_not_compare_each_row_with_each() -> None:
    """Planned as a nested loop, this update takes seconds (ADR 4)."""
    Group.objects.bulk_create([Group(name=f"g{number}") for number in range(3000)])
    group = Group.objects.latest("id")
    for number in range(20):
        group.name = f"saved {number}"
        group.save()

    last, started = last_entry(), time.monotonic()
    Group.objects.update(name=Concat(F("name"), Value("!")))
    assert time.monotonic() - started < 3
    assert Entry.objects.filter(pk__gt=last).count() == 3000


@pytest.mark.django_db
def test_the_person_of_an_identity_is_its_account() -> None:
    user = User.objects.create_user(name="Ada")
    Identity.objects.create(user=user, provider="github", issuer="i", subject="1")

    assert Entry.objects.latest("id").person == str(user.pk)
