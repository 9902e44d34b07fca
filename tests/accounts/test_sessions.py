"""Sessions by their own acts: what a store writes and refuses, and what ends with a session at a provider."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, authenticate
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Identity, MailedLink, Purpose, Session, UpstreamLogout, User
from accounts.models.session import row_key
from accounts.sessions import FactorAddedMeanwhile, SessionRevocationReason, SessionStore, UpstreamSession, revocation
from accounts.sessions.opening import open_session
from accounts.sessions.upstream_logout import LogoutTarget, revoke_upstream
from accounts.sign_in import rate_limits
from accounts.sign_in.people import RevokedMeanwhile
from audit.context import acting
from audit.events import Event
from audit.models import Entry
from tenancy import site_context
from tests.support.proven import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True)


def signing_in(user: User) -> SessionStore:
    """Return the session of a browser in which somebody is signed in, yet to be saved."""
    request: HttpRequest = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    open_session(request, user)
    session = request.session
    assert isinstance(session, SessionStore)
    return session


def signed_in(user: User) -> SessionStore:
    session = signing_in(user)
    session.save()
    return session


# The row and its model


def test_a_row_is_named_by_what_finds_nobodys_browser_and_its_content_can_be_read(ada: User) -> None:
    session = signed_in(ada)
    row = Session.objects.get()

    assert str(row) == row.public_id == row_key(session.session_key)[:16]
    assert str(session.session_key) not in json.dumps(row.get_decoded()) + str(row)
    assert row.get_decoded()[SESSION_KEY] == str(ada.pk)


def test_what_has_expired_goes_as_django_asks_an_engine_to_remove_it(ada: User) -> None:
    old, live = signed_in(ada), signed_in(ada)
    Session.objects.of_browser(old.session_key).update(expire_date=timezone.now() - timedelta(days=1))
    SessionStore.clear_expired()

    assert Session.objects.get().session_key == row_key(live.session_key)


def test_a_key_that_is_drawn_twice_before_it_is_written_is_one_change(ada: User) -> None:
    session = signed_in(ada)
    first = session.session_key
    session.cycle_key()
    second = session.session_key
    session.cycle_key()
    session.save()

    assert Session.objects.get().session_key == row_key(session.session_key)
    assert len({first, second, session.session_key}) == 3


def test_deleting_the_session_of_another_key_leaves_a_pending_new_key_of_this_one(ada: User) -> None:
    session, other = signed_in(ada), signed_in(ada)
    session.cycle_key()
    session.delete(other.session_key)
    session.save()

    assert Session.objects.get().session_key == row_key(session.session_key)


def test_the_tenant_that_is_chosen_counts_before_it_is_written(ada: User) -> None:
    session, chosen = signed_in(ada), ada.pk
    session.describe({"active_tenant": chosen})

    assert session.active_tenant == chosen
    assert Session.objects.get().active_tenant is None


# Whom a session signs in


def test_nobody_is_put_into_a_session_past_the_function_that_opens_it(ada: User) -> None:
    session = SessionStore()
    session[SESSION_KEY] = str(ada.pk)

    with pytest.raises(RuntimeError, match=r"begin\(\)"):
        session.save()
    assert not Session.objects.exists()


def test_a_session_of_a_backend_that_this_release_does_not_have_signs_nobody_in(ada: User) -> None:
    client = Client()
    sign_in(client, ada)
    assert client.get("/accounts/").status_code == 200
    session = client.session
    session[BACKEND_SESSION_KEY] = "accounts.former.Backend"
    session.save()

    assert client.get("/accounts/").status_code == 302


@pytest.mark.parametrize(("has_factor", "refused"), [(True, FactorAddedMeanwhile), (False, RevokedMeanwhile)])
def test_whose_sign_in_was_overtaken_is_asked_for_the_factor_that_they_have_by_now(
    ada: User, refused: type[Exception], *, has_factor: bool
) -> None:
    session = signing_in(ada)
    session.assume_no_factor()
    if has_factor:
        Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": ""})
    revocation.move_epoch([ada.pk])

    with pytest.raises(refused):
        session.save()
    assert not Session.objects.exists()


def test_wrong_passwords_leave_entries_up_to_the_limit_of_their_client(monkeypatch: pytest.MonkeyPatch) -> None:
    few = rate_limits.Limit(kind="tests.refusals", most=2, seconds=3600)
    monkeypatch.setattr(rate_limits, "REFUSALS", few)
    with acting(ip_address="203.0.113.7"):
        for _attempt in range(5):
            assert authenticate(RequestFactory().post("/"), username="ada", password="wrong") is None

    assert Entry.objects.filter(action=Event.SIGN_IN_REFUSED).count() == few.most


def test_an_address_change_that_ends_with_the_sessions_is_told_in_the_trail(ada: User) -> None:
    for purpose in (Purpose.EMAIL_CHANGE, Purpose.PASSWORD_RESET):
        MailedLink.objects.create(
            user=ada, purpose=purpose, digest=purpose.value, expires_at=timezone.now() + timedelta(hours=1)
        )
    ended = revocation.expire_links([ada.pk], reason=SessionRevocationReason.CUT_OFF)

    assert ended == 2
    assert Entry.objects.get(action=Event.EMAIL_CHANGE_CANCELLED).details == {"reason": "cut_off"}


# Sessions at providers


@pytest.fixture
def identity(ada: User) -> Identity:
    return Identity.objects.create(user=ada, provider="keycloak", issuer="https://idp.example", subject="ada")


def test_a_provider_ends_nothing_here_by_a_subject_that_nobody_has(ada: User, identity: Identity) -> None:
    session = signing_in(ada)
    session.opened_in(UpstreamSession(provider="keycloak", identity=identity.pk, sid="there"))
    session.describe({"provider": "keycloak"})
    session.save()
    named: dict[str, Any] = {"provider": "keycloak", "issuer": "https://idp.example", "sid": "there"}

    with site_context("a test"):
        revoke_upstream(LogoutTarget(**named, subject="nobody"))
    assert Session.objects.get().user == ada
    assert UpstreamLogout.objects.get().sid == "there", "a sign-in under way is stopped"
    with site_context("a test"):
        revoke_upstream(LogoutTarget(**named, subject="ada"))
    assert not Session.objects.filter(user=ada).exists()


def test_a_proof_in_the_session_at_the_provider_that_is_followed_already_adds_nothing(
    ada: User, identity: Identity
) -> None:
    there = UpstreamSession(provider="keycloak", identity=identity.pk, sid="there")
    session = signing_in(ada)
    session.opened_in(there)
    session.save()
    opened = Session.objects.get().upstream_sessions
    session.reauthenticated_in(there)
    session.save()
    assert Session.objects.get().upstream_sessions == opened

    session.reauthenticated_in(UpstreamSession(provider="keycloak", identity=identity.pk, sid="another"))
    session.save()
    assert [one["sid"] for one in Session.objects.get().upstream_sessions] == ["there", "another"]
