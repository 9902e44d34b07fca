"""What passes through the broker: ids that the worker looks up, JSON, and who asked for it under our signature.

Kind: whoever can write to the broker could run code here, send mails, or act in somebody's name.
"""

import base64
import inspect
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import shared_task
from django.contrib.auth.models import Group

from audit.context import Actor, ActorKind, acting
from audit.models import Entry
from config.celery import app
from jobs.models import DeferredTask
from jobs.queue import queue
from tests.flows.conftest import Browser, browser
from tests.flows.test_local_accounts import FORGOTTEN, NORA, PASSWORD, REGISTER
from tests.support.post import Post
from tests.support.product import PACKAGES
from tests.support.waiting import until
from tests.support.worker import forget_messages, working

__all__ = ["browser"]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OURS = tuple(f"{name}." for name in PACKAGES)
ADMIN = str(uuid4())


@shared_task  # type: ignore[untyped-decorator]  # a library without types
def form_a_group(name: str) -> None:
    Group.objects.create(name=name)


@shared_task  # type: ignore[untyped-decorator]
def form_another_group(name: str) -> None:
    Group.objects.create(name=name)


@pytest.fixture(autouse=True)
def messages() -> Iterator[Any]:
    """Give the broker's client, with nothing in the queue."""
    yield forget_messages()
    forget_messages()


def waiting(messages: Any) -> list[dict[str, Any]]:
    """Return the messages in the queue, oldest first, as they stand there."""
    return [json.loads(raw) for raw in reversed(messages.lrange("celery", 0, -1))]


def arguments(message: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    by_place, by_name, _ = json.loads(base64.b64decode(message["body"]))
    return by_place, by_name


def with_arguments(message: dict[str, Any], *by_place: object) -> dict[str, Any]:
    _, by_name, more = json.loads(base64.b64decode(message["body"]))
    return message | {"body": base64.b64encode(json.dumps([by_place, by_name, more]).encode()).decode()}


def with_headers(message: dict[str, Any], **headers: object) -> dict[str, Any]:
    return message | {"headers": message["headers"] | headers}


def by_the_administrator(messages: Any, name: str) -> dict[str, Any]:
    """Return the message of a job that an administrator has asked for, taken out of the queue."""
    with acting(actor=Actor(ActorKind.PERSON, ADMIN), reason="asked for"):
        form_a_group.delay(name)
    (message,) = waiting(messages)
    messages.delete("celery")
    return message


def entry_of(name: str) -> Entry:
    found = Entry.objects.filter(object_table="auth_group", after__name=name)
    until(found.exists, seconds=10)
    return found.get()


@pytest.mark.promise(97)
def test_tasks_take_ids_and_nothing_else() -> None:
    ours = {name: task for name, task in app.tasks.items() if name.startswith(OURS)}
    taken = {(name, one) for name, task in ours.items() for one in inspect.signature(task.run).parameters}

    assert ours
    assert not {(name, one) for name, one in taken if not one.endswith("_id")}


@pytest.mark.promise(97)
def test_what_is_mailed_to_whom_does_not_stand_in_the_broker(
    browser: Browser, post: Post, messages: Any, settings: Any
) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    browser.post(REGISTER, {"email": NORA})
    browser.post(FORGOTTEN, {"email": NORA})
    seen = waiting(messages)
    browser.post(post.link(NORA), {"name": "Nora Night", "password": PASSWORD})
    browser.post("/accounts/email/", {"email": "nora@new.example"})
    seen += waiting(messages)

    assert len(seen) >= 3
    text = " ".join(f"{message} {arguments(message)}" for message in seen)
    assert not [word for word in (NORA, "nora", "Nora", "example", "/links/", PASSWORD) if word in text]
    values = [value for message in seen for value in (*arguments(message)[0], *arguments(message)[1].values())]
    assert all(UUID(value) for value in values)


@pytest.mark.promise(97)
def test_a_message_cannot_make_a_deferred_task(post: Post) -> None:
    """Its row is looked up; what is not there is not done."""
    app.tasks["jobs.deferred.worker.run_deferred_task"].apply(kwargs={"task_id": str(uuid4())}, throw=True)

    assert not DeferredTask.objects.exists()
    assert post.all() == []


@pytest.mark.promise(97)
def test_a_message_acts_in_nobodys_name_but_whose_we_have_signed(messages: Any) -> None:
    message = by_the_administrator(messages, "true")
    with working(app):
        messages.lpush("celery", json.dumps(message))
        assert entry_of("true").actor == Actor(ActorKind.PERSON, ADMIN)


def _another_person(message: dict[str, Any]) -> dict[str, Any]:
    return with_headers(message, audit=message["headers"]["audit"] | {"id": str(uuid4())})


def _another_reason(message: dict[str, Any]) -> dict[str, Any]:
    return with_headers(message, audit=message["headers"]["audit"] | {"reason": "planted"})


def _another_task(message: dict[str, Any]) -> dict[str, Any]:
    return with_headers(message, task=form_another_group.name)


def _another_id(message: dict[str, Any]) -> dict[str, Any]:
    return with_headers(message, id=str(uuid4()))


@pytest.mark.parametrize(
    "change",
    [
        _another_person,
        _another_reason,
        _another_task,
        _another_id,
        lambda message: with_headers(message, audit_mac=""),
        lambda message: with_headers(message, audit_mac=None),
        lambda message: with_headers(message, audit={"kind": "nonsense", "id": ADMIN}),
        lambda message: with_headers(message, audit={"kind": "person", "id": ADMIN, "request": "nonsense"}),
        lambda message: with_headers(message, audit=[ADMIN]),
        lambda message: with_headers(message, audit="text"),
        lambda message: message,
    ],
)
@pytest.mark.promise(97)
def test_a_message_that_was_changed_acts_for_itself(
    messages: Any, change: Callable[[dict[str, Any]], dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    forged = with_arguments(change(by_the_administrator(messages, "true")), "forged")
    with working(app):
        messages.lpush("celery", json.dumps(forged))
        entry = entry_of("forged")

    assert (entry.actor_kind, entry.reason or "") == ("job", "")
    assert entry.actor_id in {form_a_group.name, form_another_group.name}


class _Code:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["application/x-python-serialize", "application/x-yaml", "application/data"])
@pytest.mark.promise(97)
def test_code_in_a_message_is_not_run(messages: Any, tmp_path: Path, kind: str) -> None:
    message = by_the_administrator(messages, "true")
    planted = base64.b64encode(pickle.dumps(_Code(tmp_path / "run"))).decode()
    with working(app):
        messages.lpush("celery", json.dumps(message | {"body": planted, "content-type": kind}))
        messages.lpush("celery", json.dumps(message))
        entry_of("true")

    assert not (tmp_path / "run").exists()
    assert (app.conf.accept_content, app.conf.task_serializer, app.conf.result_accept_content) == (
        ["json"],
        "json",
        ["json"],
    )


@pytest.mark.promise(97)
def test_nobody_gives_workers_orders_over_the_broker(messages: Any) -> None:
    with working(app):
        assert app.control.inspect(timeout=0.5).ping() is None


@pytest.mark.parametrize(
    "planted",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"[" * 200_000,
        b'{"headers": []}',
        b'{"headers": {"sent_at": 1e300}}',
        b'{"headers": {"sent_at": NaN}}',
        b'{"headers": {"sent_at": -1e18}}',
        b'{"headers": {"sent_at": "now"}}',
    ],
)
@pytest.mark.promise(97)
def test_a_message_that_is_none_of_ours_breaks_no_page(messages: Any, planted: bytes) -> None:
    """Kind: what is shown only is read as carefully: no text in the store is an exception here."""
    messages.lpush("celery", planted)

    assert (queue().waiting, queue().oldest) == (1, None)
