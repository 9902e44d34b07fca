"""Opening a session, by calling the function."""

import pytest
from django.contrib.auth import login  # noqa: TID251  # a test makes the mistake
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import Session, User
from accounts.sessions import SessionStore
from accounts.sessions.opening import open_session, provider_of
from accounts.sign_in.people import RevokedMeanwhile
from accounts.sign_in.reauthentication.records import record_method
from audit.context import acting
from audit.models import Entry
from tests.support.post import Post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


def request_of(browser: str = "Firefox") -> HttpRequest:
    request = RequestFactory().get("/", headers={"User-Agent": browser})
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def test_the_row_stores_where_and_how_the_session_was_opened(ada: User) -> None:
    request = request_of()
    record_method(request, ada, "socialaccount", provider="keycloak")
    with acting(ip_address="203.0.113.7", user_agent="Firefox"):
        open_session(request, ada)
        request.session.save()

    row = Session.objects.get()
    assert (row.user, row.provider, row.ip_address, row.user_agent) == (ada, "keycloak", "203.0.113.7", "Firefox")


def test_a_sign_in_is_recorded_once(ada: User) -> None:
    open_session(request_of(), ada)

    entry = Entry.objects.get(action="sign_in.succeeded")
    assert entry.person == str(ada.pk)


def test_a_session_that_only_djangos_login_opened_is_not_written(ada: User) -> None:
    request = request_of()
    login(request, ada)  # the mistake that is refused
    with pytest.raises(RuntimeError, match="begin"):
        request.session.save()

    assert not Session.objects.exists()


def test_no_row_is_written_if_the_person_has_changed_since_they_were_read(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    request = request_of()
    open_session(request, ada)
    with pytest.raises(RevokedMeanwhile):
        request.session.save()

    assert not Session.objects.exists()


def test_a_session_without_a_provider_names_none(ada: User) -> None:
    request = request_of()
    record_method(request, ada, "password")

    assert provider_of(request, ada) == ""


def test_the_owner_is_notified_of_a_browser_that_is_new_to_the_account(ada: User, post: Post) -> None:
    with acting(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"):
        first = request_of()
        open_session(first, ada)
        first.session.save()
    assert post.count("ada@example.com") == 0
    with acting(user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15"):
        open_session(request_of(), ada)

    assert post.count("ada@example.com") == 1
