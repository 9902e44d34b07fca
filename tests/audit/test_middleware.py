"""The middleware: the id, the origin and the person of a request in the trail."""

from uuid import UUID, uuid4

import psycopg
import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.sessions import SessionStore
from audit.context import Actor, ActorKind, Context, current
from audit.middleware import ContextMiddleware
from audit.models import Entry
from tests.support.proven import proven
from tests.support.servers import Servers


@pytest.mark.django_db
def test_each_request_has_its_own_id_which_the_response_repeats(client: Client) -> None:
    ids = {UUID(client.get("/accounts/login/").headers["X-Request-ID"]) for _ in range(2)}

    assert len(ids) == 2


def test_the_response_repeats_the_id_in_the_trail_and_in_the_logs() -> None:
    seen: list[UUID | None] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(current().request_id)
        return HttpResponse()

    answer = ContextMiddleware(view)(RequestFactory().get("/"))

    assert [str(found) for found in seen] == [answer.headers["X-Request-ID"]]


def test_a_request_passes_on_its_id_ip_address_and_browser() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="Mozil\r\nla\x00" + "x" * 500)
    context = _seen(request)

    assert context.ip_address == "192.0.2.7"
    assert context.user_agent == "Mozilla" + "x" * 393
    assert current() == Context()


@pytest.mark.parametrize(("given", "told"), [("fe80::1%eth0", "fe80::1"), ("", None), ("unix:", None)])
def test_an_address_that_the_database_could_not_read_is_left_out(given: str, told: str | None) -> None:
    assert _seen(RequestFactory().get("/", REMOTE_ADDR=given)).ip_address == told


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_the_actor_is_whoever_is_signed_in_when_the_write_happens() -> None:
    ada = uuid4()
    request = RequestFactory().get("/")
    request.session = SessionStore()

    def view(request: HttpRequest) -> HttpResponse:
        for name in ("before", "after", "left"):
            Group.objects.create(name=name)
            request.session[SESSION_KEY] = str(ada)
            if name == "after":
                request.session.flush()
        return HttpResponse()

    ContextMiddleware(view)(request)

    actors = [e.actor for e in Entry.objects.filter(object_table="auth_group").order_by("id")]
    nobody = Actor(ActorKind.DATABASE, "vestibule_app")
    assert actors == [nobody, Actor(ActorKind.PERSON, str(ada)), nobody]


def test_asking_for_the_actor_of_a_visitor_without_a_session_costs_no_query() -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()

    def view(request: HttpRequest) -> HttpResponse:
        assert current().who() is None
        assert not request.session.accessed
        return HttpResponse()

    ContextMiddleware(view)(request)  # this test may not reach the database


@pytest.mark.django_db(transaction=True)
def test_a_response_does_not_wait_for_a_locked_trail(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    """The changes of the request are committed by then. The log has what could not be recorded."""
    with psycopg.connect(servers.owner_url) as owner:

        def view(_request: HttpRequest) -> HttpResponse:
            Group.objects.create(name="staff")
            owner.execute("LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE")
            return HttpResponse("done")

        answer = ContextMiddleware(view)(RequestFactory().get("/", REMOTE_ADDR="192.0.2.7"))

    assert isinstance(answer, HttpResponse)
    assert answer.content == b"done"
    assert Group.objects.filter(name="staff").exists()
    assert f"origin of request {answer.headers['X-Request-ID']} could not be recorded" in caplog.text


@pytest.mark.promise(75)
@pytest.mark.django_db
def test_a_change_in_the_admin_names_its_administrator(client: Client) -> None:
    admin = User.objects.create_superuser(username="root")
    group = Group.objects.create(name="staff")
    proven(admin, client)
    answer = client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "employees"})

    entry = Entry.objects.get(request_id=answer.headers["X-Request-ID"], action="update")
    assert (answer.status_code, entry.actor) == (302, Actor(ActorKind.PERSON, str(admin.pk)))
    assert (entry.source, entry.before, entry.after) == ("signal", {"name": "staff"}, {"name": "employees"})


def _seen(request: HttpRequest) -> Context:
    contexts: list[Context] = []

    def view(_request: HttpRequest) -> HttpResponse:
        contexts.append(current())
        return HttpResponse()

    ContextMiddleware(view)(request)
    return contexts[0]
