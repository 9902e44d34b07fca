"""The identifier of a session for clients: it stays while the key changes, and its end is announced."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import Session, User
from accounts.sessions import SessionRevocationReason, SessionStore, revoke, revoke_others
from accounts.sessions.client_sid import EndedSession, SessionEndedMeanwhile, client_sessions_ended, sid_of
from accounts.sessions.closing import close_session
from accounts.sessions.opening import open_session
from accounts.sessions.revocation import UpstreamNote, replace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


@pytest.fixture
def ended() -> Iterator[list[EndedSession]]:
    found: list[EndedSession] = []

    def listen(ended: list[EndedSession], **_: Any) -> None:
        found.extend(ended)

    client_sessions_ended.connect(listen)
    yield found
    client_sessions_ended.disconnect(listen)


def signed_in(user: User) -> HttpRequest:
    request: HttpRequest = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    open_session(request, user)
    request.session.save()
    return request


def again(request: HttpRequest) -> HttpRequest:
    """Return the next request of the same browser."""
    next_one: HttpRequest = RequestFactory().get("/")
    next_one.session, next_one.user = SessionStore(request.session.session_key), request.user
    return next_one


def test_a_session_has_no_sid_before_the_first_authorization_and_keeps_the_first(ada: User) -> None:
    request = signed_in(ada)
    assert Session.objects.get().client_sid == ""

    sid = sid_of(request)

    assert len(sid) == 22
    assert sid == sid_of(again(request)) == Session.objects.get().client_sid


def test_the_sid_stays_while_the_key_changes(ada: User) -> None:
    request = signed_in(ada)
    sid = sid_of(request)
    session = again(request).session
    session.cycle_key()
    session.save()

    assert session.session_key != request.session.session_key
    request.session = session
    assert sid_of(request) == sid


def test_two_sessions_of_a_person_have_two_sids(ada: User) -> None:
    assert sid_of(signed_in(ada)) != sid_of(signed_in(ada))


def test_a_session_that_was_ended_meanwhile_gets_no_sid(ada: User) -> None:
    request = signed_in(ada)
    revoke(Session.objects.all(), reason=SessionRevocationReason.OWNER)

    with pytest.raises(SessionEndedMeanwhile):
        sid_of(request)


def test_a_visitor_has_no_sid() -> None:
    request: HttpRequest = RequestFactory().get("/")
    request.session = SessionStore()
    request.session["a"] = 1
    request.session.save()

    with pytest.raises(SessionEndedMeanwhile):
        sid_of(request)


def test_signing_out_announces_the_end_once(ada: User, ended: list[EndedSession]) -> None:
    request = signed_in(ada)
    sid = sid_of(request)

    close_session(again(request) if request.user.is_authenticated else request)

    assert ended == [EndedSession(sid=sid, user_id=ada.pk)]


def test_no_end_is_announced_of_a_session_in_which_no_client_was_authorized(
    ada: User, ended: list[EndedSession]
) -> None:
    close_session(signed_in(ada))

    assert not Session.objects.exists()
    assert ended == []


def test_revoking_other_devices_announces_their_ends_and_not_that_of_this_one(
    ada: User, ended: list[EndedSession]
) -> None:
    here, there = signed_in(ada), signed_in(ada)
    sid_of(here)
    sid = sid_of(there)

    revoke_others(ada, keep=here.session.session_key, reason=SessionRevocationReason.OWNER)

    assert [one.sid for one in ended] == [sid]


def test_an_end_at_the_provider_which_leaves_a_note_is_announced_once(ada: User, ended: list[EndedSession]) -> None:
    request = signed_in(ada)
    sid = sid_of(request)

    revoke(Session.objects.all(), reason=SessionRevocationReason.PROVIDER, note=UpstreamNote(provider="google"))
    Session.objects.get()
    request.session.delete()

    assert [one.sid for one in ended] == [sid]


def test_signing_in_again_in_the_same_browser_ends_the_former_session(ada: User, ended: list[EndedSession]) -> None:
    request = signed_in(ada)
    sid = sid_of(request)
    same = again(request)

    open_session(same, ada)
    same.session.save()

    assert [one.sid for one in ended] == [sid]
    assert Session.objects.get().client_sid == ""


def test_replacing_a_session_that_is_gone_announces_nothing(ended: list[EndedSession]) -> None:
    assert replace("0" * 40) == {}
    assert ended == []
