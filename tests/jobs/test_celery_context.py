"""Jobs act for who asked for them: tried on a real worker, over the real queue."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from celery import shared_task
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from audit.context import Actor, ActorKind, Context, acting, current
from audit.models import Entry
from config.celery import app
from tests.support.proven import sign_in
from tests.support.waiting import until
from tests.support.worker import working

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@shared_task  # type: ignore[untyped-decorator]  # a library without types
def name_a_group(name: str) -> None:
    Group.objects.create(name=name)


@shared_task(bind=True, max_retries=1)  # type: ignore[untyped-decorator]
def try_twice(self: object, name: str) -> None:
    if self.request.retries == 0:  # type: ignore[attr-defined]
        raise self.retry(countdown=0)  # type: ignore[attr-defined]
    Group.objects.create(name=name)


def asking(request: HttpRequest) -> HttpResponse:
    name_a_group.delay("asked for")
    return HttpResponse()


urlpatterns = [path("asking", asking)]


@pytest.fixture
def worker() -> Iterator[None]:
    with working(app):
        yield


def entry_of(name: str) -> Entry:
    found = Entry.objects.filter(object_table="auth_group", after__name=name)
    until(found.exists, seconds=10)
    return found.get()


@pytest.mark.promise(75)
def test_a_job_acts_for_the_person_whose_request_asked_for_it(worker: None) -> None:
    person, client = User.objects.create_user(name="Ada"), Client()
    sign_in(client, person)
    answer = client.get("/asking")

    entry = entry_of("asked for")
    assert entry.actor == Actor(ActorKind.PERSON, str(person.pk))
    assert entry.request_id == UUID(answer.headers["X-Request-ID"])


@pytest.mark.promise(75)
def test_a_job_that_is_tried_again_still_does_and_one_that_nobody_asked_for_acts_itself(worker: None) -> None:
    batch = uuid4()
    with acting(actor=Actor(ActorKind.COMMAND, "tidy"), batch_id=batch):
        try_twice.delay("again")
    name_a_group.delay("alone")

    again, alone = entry_of("again"), entry_of("alone")
    assert (again.actor, again.batch_id) == (Actor(ActorKind.COMMAND, "tidy"), batch)
    assert (alone.actor, alone.batch_id) == (Actor(ActorKind.JOB, name_a_group.name), None)


@pytest.mark.promise(75)
def test_a_job_that_runs_where_it_is_called_has_its_callers_context() -> None:
    request_id = uuid4()
    with acting(actor=Actor(ActorKind.COMMAND, "tidy"), request_id=request_id):
        name_a_group.apply(["here"])
        assert current().request_id == request_id
    name_a_group.apply(["by itself"])

    assert (entry_of("here").actor_id, entry_of("here").request_id) == ("tidy", request_id)
    assert entry_of("by itself").actor == Actor(ActorKind.JOB, name_a_group.name)
    assert current() == Context()
