"""Whose request it is: the person, once that is asked, and the decorator of views for signed-in people."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from accounts.models import User
from accounts.organizations.middleware import without_tenant
from accounts.sessions import SessionStore
from accounts.sessions.middleware import AuthenticationMiddleware
from accounts.sessions.signed_in import signed_in


@signed_in
@without_tenant
def page(request: HttpRequest, user: User, number: int, *, letter: str) -> HttpResponse:
    return HttpResponse(f"{user.name} at {request.path}: {number} {letter}")


def reach(user: User | AnonymousUser) -> HttpResponseBase:
    request = RequestFactory().get("/page/?a=b")
    request.user = user
    return page(request, 7, letter="x")


def test_the_view_gets_the_user_and_its_arguments() -> None:
    answer = reach(User(name="Ada"))

    assert isinstance(answer, HttpResponse)
    assert answer.content == b"Ada at /page/: 7 x"


def test_a_visitor_is_redirected_to_sign_in_and_back() -> None:
    answer = reach(AnonymousUser())

    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/page/%3Fa%3Db")


def test_marks_on_the_view_are_kept() -> None:
    assert page.__name__ == "page"
    assert vars(page)["asks_without_tenant"] is True


def asked_in(view_does: Callable[[HttpRequest], object]) -> HttpRequest:
    """Let a view use ``request.user`` in a request without a session's person."""
    request = RequestFactory().get("/")
    request.session = SessionStore()

    def view(_: HttpRequest) -> HttpResponse:
        view_does(request)
        return HttpResponse()

    AuthenticationMiddleware(view)(request)
    return request


def test_the_proxy_gives_way_to_the_person_once_that_is_asked() -> None:
    assert type(asked_in(lambda request: request.user.is_authenticated).user) is AnonymousUser


def test_the_proxy_does_not_replace_whoever_has_signed_in_since() -> None:
    newer = User(name="Ada")

    def sign_in(request: HttpRequest) -> None:
        proxy, request.user = request.user, newer
        assert not proxy.is_authenticated

    assert asked_in(sign_in).user is newer
