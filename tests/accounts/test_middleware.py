"""Requests of signed-in people run in the context of a tenant that they belong to, and of no other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path

from accounts.models import Membership, Session, Tenant, User
from accounts.organizations.middleware import RequestWork, WorkingRequest, afterwards, without_tenant
from config.urls import handler500  # noqa: F401  # of this module's own URLs too
from config.urls import urlpatterns as ours
from tenancy import site_context
from tests.support.proven import sign_in
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse(",".join(sorted(m.user.name for m in Membership.objects.select_related("user"))))


def permission(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user.has_perm("accounts.add_membership")))


def failing(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    person = User.objects.filter(pk=request.user.pk)
    person.update(name="changed")
    done.append("in the view")
    afterwards(request, lambda: done.append(f"afterwards: {person.get().name}"))
    raise PermissionDenied


@without_tenant
def waiting(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Tenant.objects.count()))


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    def rows() -> Iterator[str]:
        yield str(Membership.objects.count())

    return StreamingHttpResponse(rows())


done: list[str] = []
urlpatterns: list[Any] = [
    *ours,
    *(path(view.__name__, view) for view in (members, permission, failing, waiting, streaming)),
]


def browser(user: User, tenant: Tenant | None = None) -> Client:
    client = Client()
    sign_in(client, user)
    if tenant:
        Session.objects.filter(user=user).update(active_tenant=tenant.pk)
    return client


def text(client: Client, view: str) -> str:
    return client.get(f"/{view}").content.decode()


def test_a_person_acts_in_the_tenant_they_belong_to(town: Town) -> None:
    assert text(browser(town.a.owner), "members") == "Abbey Member,Abbey Owner,Both"


def test_a_person_in_two_tenants_acts_in_the_chosen_the_primary_or_the_first(town: Town) -> None:
    assert "Abbey Member" in text(browser(town.both), "members")
    assert "Barn Member" in text(browser(town.both, town.b.tenant), "members")

    with site_context("a test"):
        Membership.objects.filter(user=town.both, tenant=town.b.tenant).update(is_primary=True)
    assert "Barn Member" in text(browser(town.both), "members")


def test_a_chosen_tenant_counts_only_while_the_person_belongs_to_it(town: Town) -> None:
    client = browser(town.a.member, town.b.tenant)
    assert "Barn" not in text(client, "members")

    client = browser(town.both, town.b.tenant)
    with site_context("a test"):
        Membership.objects.filter(user=town.both, tenant=town.b.tenant).delete()
    assert text(client, "members") == "Abbey Member,Abbey Owner,Both"


def test_people_without_a_tenant_and_superusers_outside_the_admin_see_nothing(town: Town) -> None:
    assert text(browser(User.objects.create_user(name="Nobody")), "members") == ""
    assert text(browser(User.objects.create_superuser(username="root")), "members") == ""


def test_a_role_grants_its_permissions_in_its_tenant_only(town: Town) -> None:
    with site_context("a test"):
        owner = Membership.objects.get(user=town.a.owner).role
        Membership.objects.filter(user=town.both, tenant=town.a.tenant).update(role=owner)

    assert text(browser(town.both, town.a.tenant), "permission") == "True"
    assert text(browser(town.both, town.b.tenant), "permission") == "False"
    assert text(browser(town.a.member), "permission") == "False"


def test_an_exception_rolls_back_the_request_but_not_what_is_done_afterwards(town: Town) -> None:
    done.clear()
    response = browser(town.a.owner).get("/failing")

    assert response.status_code == 403
    assert done == ["in the view", "afterwards: Abbey Owner"]
    assert User.objects.get(pk=town.a.owner.pk).name == "Abbey Owner"


def test_a_view_that_waits_for_others_holds_no_transaction_and_sees_no_tenant(town: Town) -> None:
    assert text(browser(town.a.owner), "waiting") == "0"


def test_what_streams_after_the_request_sees_nothing_unless_it_opens_a_context(town: Town) -> None:
    response = browser(town.a.owner).get("/streaming")

    assert response.getvalue() == b"0"


def reads_the_session_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        assert request.session.get(SESSION_KEY)
        return get_response(request)

    return middleware


def test_whoever_reads_the_session_before_changes_nothing_about_the_tenant(town: Town, settings: Any) -> None:
    """The session's own read tells the database for whom it works, and that was before the transaction then."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:-1], f"{__name__}.reads_the_session_first", settings.MIDDLEWARE[-1]]

    assert text(browser(town.both, town.b.tenant), "members") == "Barn Member,Barn Owner,Both"


def test_what_is_left_for_afterwards_is_done_at_once_where_no_request_is_under_way() -> None:
    done.clear()
    request = HttpRequest()
    afterwards(request, lambda: done.append("outside"))
    cast("WorkingRequest", request).work = RequestWork(ExitStack(), is_over=True)
    afterwards(request, lambda: done.append("when it is over"))

    assert done == ["outside", "when it is over"]


def test_a_visitor_is_in_no_tenant(town: Town) -> None:
    assert text(Client(), "members") == ""
