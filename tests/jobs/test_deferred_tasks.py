"""Deferred tasks: what is promised to a person is done, once, whatever becomes of the queue and of workers."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.mailing import mail
from audit.context import Actor, ActorKind, acting
from audit.events import Event
from audit.models import Entry
from foundation.locks import number_of
from jobs import purging
from jobs.deferred import RetryLater, defer, deferred_task
from jobs.deferred.worker import FAILURES, run
from jobs.models import DeferredTask
from jobs.tasks import run_due_deferred_tasks
from tests.audit.truth import rolled_back
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.worker import forget_messages

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"


@deferred_task("test: a group")
def name_a_group(*, name: str, fails: bool = False) -> None:
    Group.objects.create(name=name)
    if fails:
        raise RetryLater("the test wants it")


@deferred_task("test: trouble", is_one_transaction=False)
def make_trouble() -> None:
    raise RetryLater("as ever")


def send() -> DeferredTask:
    mail.send(ADA, "email_changed", {})
    return DeferredTask.objects.get()


def wait_no_longer() -> None:
    DeferredTask.objects.waiting().update(next_attempt_at=timezone.now())


@pytest.mark.promise(78)
def test_it_is_kept_with_what_promises_it_and_nobody_else_reads_it() -> None:
    with rolled_back():
        mail.send(ADA, "email_changed", {})
    assert not DeferredTask.objects.exists()

    with transaction.atomic():
        mail.send(ADA, "email_changed", {})
        assert DeferredTask.objects.waiting().count() == 1
    assert ADA not in str(vars(DeferredTask.objects.get()))
    assert "changed" not in DeferredTask.objects.get().content


@pytest.mark.promise(78, 79)
def test_a_lost_message_loses_nothing(post: Post) -> None:
    sent = send()
    forget_messages()
    run_due_deferred_tasks()
    assert post.count(ADA) == 0, "a worker may have it in hand still"

    wait_no_longer()
    run_due_deferred_tasks()

    assert post.count(ADA) == 1
    sent.refresh_from_db()
    assert (sent.next_attempt_at, sent.content, sent.attempts) == (None, "", 1)


@pytest.mark.promise(78)
def test_what_is_done_is_not_done_again_however_it_is_asked_for(post: Post) -> None:
    sent = send()
    for _ in range(3):
        run(sent.pk)
    mail.send(ADA, "email_changed", {}, mail_id=str(sent.pk))

    assert post.count(ADA) == 1


@pytest.mark.promise(78)
def test_what_somebody_is_at_is_left_to_them(servers: Servers, post: Post) -> None:
    sent = send()
    with psycopg.connect(servers.runtime_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number_of(f"deferred_task {sent.pk}")])
        assert post.count(ADA) == 0
        other.execute("SELECT pg_advisory_unlock_all()")
    assert DeferredTask.objects.get().attempts == 0

    run(sent.pk)
    assert post.count(ADA) == 1


@pytest.mark.promise(78)
def test_it_happens_wholly_or_not_at_all_and_then_again() -> None:
    defer(name_a_group, name="half", fails=True)
    waiting = DeferredTask.objects.get()
    assert not run(waiting.pk)
    assert not Group.objects.exists()

    waiting.refresh_from_db()
    assert waiting.attempts == 1
    assert waiting.next_attempt_at
    assert waiting.next_attempt_at > timezone.now() + timedelta(seconds=10)


@pytest.mark.promise(78)
def test_it_is_done_for_whoever_asked_even_by_the_schedule() -> None:
    asking, batch = Actor(ActorKind.COMMAND, "tidy"), uuid4()
    with acting(actor=asking, batch_id=batch):
        defer(name_a_group, name="asked for")
    wait_no_longer()
    run_due_deferred_tasks()

    entry = Entry.objects.get(object_table="auth_group")
    assert (entry.actor, entry.batch_id) == (asking, batch)


@pytest.mark.promise(78)
def test_trouble_leaves_the_rest_to_the_next_turn() -> None:
    for _ in range(FAILURES + 2):
        defer(make_trouble)
    wait_no_longer()
    run_due_deferred_tasks()

    assert sorted(DeferredTask.objects.values_list("attempts", flat=True)) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [({"kind": "of another version"}, "no deferred task is called"), ({"content": "2.lost.x"}, "KeyLost")],
    ids=["kind", "key"],
)
@pytest.mark.promise(78)
def test_what_nobody_understands_is_kept_and_said(caplog: Any, spoilt: dict[str, str], reason: str) -> None:
    sent = send()
    DeferredTask.objects.update(**spoilt)

    assert not run(sent.pk)
    assert reason in caplog.text
    assert ADA not in caplog.text
    assert DeferredTask.objects.waiting().exists()


@pytest.mark.promise(78)
def test_after_a_day_it_is_given_up_and_told_and_then_forgotten(caplog: Any) -> None:
    sent = send()
    DeferredTask.objects.update(created_at=timezone.now() - timedelta(hours=25), next_attempt_at=timezone.now())
    run_due_deferred_tasks()

    told = Entry.objects.get(action=Event.DEFERRED_TASK_FAILED)
    assert (told.details, told.object_id) == ({"kind": "mail", "tries": 0}, str(sent.pk))
    assert DeferredTask.objects.get().content == ""
    assert "given up" in caplog.text

    DeferredTask.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    purging.purge()
    assert not DeferredTask.objects.exists()
    assert Entry.objects.get(action=Event.DEFERRED_TASK_PURGED).details == {"count": 1, "finished": True}


@pytest.mark.promise(78)
def test_an_id_of_ones_own_is_the_tasks() -> None:
    mail_id = mail.new_id()
    mail.send(ADA, "email_changed", {}, mail_id=mail_id)

    assert DeferredTask.objects.get().pk == UUID(mail_id)
