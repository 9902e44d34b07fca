"""Telling clients that a session has ended (OpenID Connect Back-Channel Logout 1.0), over real HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet

from accounts.cut_off import revoke_all
from accounts.models import Membership, Role, Session, Tenant, User
from accounts.sessions import SessionRevocationReason, revoke, revoke_others
from audit.models import Entry
from authserver import events
from authserver.logout import notices
from authserver.models import AuthorizationCode, Client, LogoutNotice, SigningAlgorithm, TokenFamily
from authserver.tasks import send_logout_notices
from foundation.declarations import RevocationReason
from tenancy import site_context
from tests.support.apps import App, answer_in, app
from tests.support.proven import proven
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


class Receiver(ThreadingHTTPServer):
    """A client's endpoint for logout tokens; ``status`` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: list[tuple[str, str]] = []  # content type and logout token
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/backchannel_logout"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.came.append((self.headers["Content-Type"], form["logout_token"][0]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(server: Receiver) -> Iterator[None]:
    """Serve in a thread during the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    with serving(server):
        yield server


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def own(receiver: Receiver) -> App:
    return app(backchannel_logout_uri=receiver.url)


def verified(token: str) -> dict[str, Any]:
    """Verify a logout token as a client does: by the published keys, with another library than ours."""
    keys = KeySet.import_key_set(Browser().get("/oauth/jwks").json())
    found = jwt.decode(token, keys, algorithms=["RS256", "ES256", "Ed25519"])
    assert found.header["typ"] == "logout+jwt"
    claims: dict[str, Any] = found.claims
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": settings.PUBLIC_URL}, exp={"essential": True}, iat={"essential": True}
    )
    registry.validate(claims)
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in claims
    return claims


def claims_of(id_token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(Browser().get("/oauth/jwks").json())
    claims: dict[str, Any] = jwt.decode(id_token, keys, algorithms=["RS256", "ES256", "Ed25519"]).claims
    return claims


def send() -> None:
    send_logout_notices()


def make_due() -> None:
    LogoutNotice.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1), leased_until=None)


# The modules of oidcc-backchannel-rp-initiated-logout-certification-test-plan


def test_oidcc_backchannel_logout_discovery_endpoint_verification() -> None:
    found = Browser().get("/.well-known/openid-configuration").json()
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True


def test_oidcc_backchannel_rp_initiated_logout(own: App, ada: User, receiver: Receiver) -> None:
    browser = proven(ada)
    tokens = own.tokens(browser, scope="openid")
    id_token = claims_of(tokens["id_token"])
    assert id_token["sid"]

    page = browser.get(f"/oauth/logout?id_token_hint={tokens['id_token']}")
    browser.post(page.context["action"])
    send()

    ((content_type, token),) = receiver.came
    assert content_type == "application/x-www-form-urlencoded"
    claims = verified(token)
    assert (claims["aud"], claims["sub"], claims["sid"]) == (own.client.client_id, str(ada.pk), id_token["sid"])
    assert claims["exp"] - claims["iat"] == 120
    assert abs(claims["iat"] - time.time()) < 60
    assert not LogoutNotice.objects.exists()
    assert answer_in(own.authorize(browser, prompt="none"))["error"] == "login_required"


# Whatever ends a session tells its clients


def test_a_client_is_told_once_however_many_tokens_it_got(own: App, ada: User, receiver: Receiver) -> None:
    browser = proven(ada)
    for _ in range(3):
        own.tokens(browser)
    browser.post("/accounts/logout/")
    send()
    send()
    assert len(receiver.came) == 1


def test_each_client_gets_a_token_of_its_own_and_one_without_an_address_none(
    own: App, ada: User, receiver: Receiver
) -> None:
    other = app(name="Other", backchannel_logout_uri=receiver.url)
    quiet, stranger = app(name="Quiet"), app(name="Stranger", backchannel_logout_uri=receiver.url)
    browser = proven(ada)
    for one in (own, other, quiet):
        one.tokens(browser)
    stranger.tokens(proven(User.objects.create_user(name="Bob")))
    browser.post("/accounts/logout/")
    send()
    told = [verified(token) for _, token in receiver.came]
    assert {claims["aud"] for claims in told} == {own.client.client_id, other.client.client_id}
    assert len({claims["jti"] for claims in told}) == len({claims["sid"] for claims in told}) + 1 == 2


@pytest.mark.parametrize("by", ["device", "cut_off", "deactivated"])
def test_a_revoked_device_a_cut_off_and_a_deactivation_tell_them(
    own: App, ada: User, receiver: Receiver, by: str
) -> None:
    here, there = proven(ada), proven(ada)
    stays, ends = (claims_of(own.tokens(browser)["id_token"])["sid"] for browser in (here, there))
    assert stays != ends
    if by == "device":
        revoke_others(ada, keep=here.session.session_key, reason=SessionRevocationReason.OWNER)
    else:
        revoke_all([ada.pk], reason=RevocationReason(by))
    send()
    told = {verified(token)["sid"] for _, token in receiver.came}
    assert told == ({ends} if by == "device" else {stays, ends})


def test_a_deleted_account_is_told_too(own: App, ada: User, receiver: Receiver) -> None:
    own.tokens(proven(ada))
    subject = str(ada.pk)
    revoke(Session.objects.all(), reason=SessionRevocationReason.ERASED)
    ada.delete()
    send()
    assert [verified(token)["sub"] for _, token in receiver.came] == [subject]


# What hangs on the session ends with it


def test_tokens_end_with_the_session_except_those_for_access_while_away(own: App, ada: User) -> None:
    browser = proven(ada)
    online = own.tokens(browser, scope="openid")
    offline = own.tokens(browser, scope="openid offline_access")
    browser.post("/accounts/logout/")

    def status(tokens: Any) -> int:
        answer: Any = Browser().get("/oauth/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        return int(answer.status_code)

    assert (status(online), status(offline)) == (401, 200)
    assert own.refresh(offline["refresh_token"]).status_code == 200
    assert TokenFamily.objects.get(revoked_at__isnull=False).revoked_reason == "session_ended"


def test_a_code_that_was_not_redeemed_yet_ends_with_the_session(own: App, ada: User) -> None:
    browser = proven(ada)
    code = answer_in(own.authorize(browser))["code"]
    browser.post("/accounts/logout/")
    assert not AuthorizationCode.objects.exists()
    assert own.redeem(code).json()["error"] == "invalid_grant"  # type: ignore[attr-defined]


def test_reauthenticating_ends_nothing(own: App, ada: User, receiver: Receiver) -> None:
    browser = proven(ada)
    own.tokens(browser)
    session = browser.session
    session.cycle_key()
    session.save()
    send()
    assert not receiver.came
    assert not LogoutNotice.objects.exists()


# Failures


def test_a_client_that_does_not_work_gets_a_new_token_at_each_try(own: App, ada: User, receiver: Receiver) -> None:
    browser = proven(ada)
    own.tokens(browser)
    browser.post("/accounts/logout/")
    for receiver.status in (500, 400, 302):
        send()
        send()  # not due again yet
        make_due()
    receiver.status = 204
    send()

    told = [verified(token) for _, token in receiver.came]
    assert len({claims["jti"] for claims in told}) == len(told) == 4
    assert len({claims["sid"] for claims in told}) == 1
    assert not LogoutNotice.objects.exists()


@pytest.mark.parametrize("why", ["old", "gone"])
def test_a_notice_is_given_up_after_a_day_or_if_the_address_is_gone_and_that_is_recorded(
    own: App, ada: User, receiver: Receiver, why: str
) -> None:
    browser = proven(ada)
    own.tokens(browser)
    browser.post("/accounts/logout/")
    receiver.status = 410 if why == "gone" else 503
    if why == "old":
        LogoutNotice.objects.update(created_at=F("created_at") - timedelta(days=2))
    send()

    assert not LogoutNotice.objects.exists()
    with site_context("a test reads the trail"):
        entry = Entry.objects.get(action=events.LOGOUT_FAILED.value)
    assert entry.details is not None
    assert entry.details["app"] == own.client.client_id
    assert str(receiver.status) in entry.details["reason"]


def test_a_client_that_is_down_does_not_hold_up_another(own: App, ada: User, receiver: Receiver) -> None:
    down = app(name="Down", backchannel_logout_uri="http://127.0.0.1:9/logout")
    browser = proven(ada)
    down.tokens(browser)
    own.tokens(browser)
    browser.post("/accounts/logout/")
    send()
    assert [verified(token)["aud"] for _, token in receiver.came] == [own.client.client_id]
    assert LogoutNotice.objects.get().client_id == down.client.pk


class Silent(Receiver):
    """A client's endpoint that takes the request and does not answer until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.is_over = threading.Semaphore(0), threading.Event()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.calls.release()
        self.is_over.wait(30)


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    with serving(server):
        yield server
        server.is_over.set()


@pytest.mark.parametrize("owner", ["a tenant", "the site"])
def test_apps_that_do_not_answer_delay_no_other_tenants_notices(
    ada: User, receiver: Receiver, silent: Silent, owner: str
) -> None:
    """Not those that wait already, and not those that come while the apps are being called."""
    with site_context("a test creates tenants"):
        slow, other = (Tenant.objects.create(name=name) for name in ("Slow", "Other"))
        for tenant in (slow, other):
            Membership.objects.create(user=ada, tenant=tenant, role=Role.objects.get(name="member"))
    of = slow if owner == "a tenant" else None
    many = [app(name=f"Slow {n}", tenant=of, backchannel_logout_uri=silent.url) for n in range(6)]
    mine = app(name="Mine", tenant=other, backchannel_logout_uri=receiver.url)
    first, second = proven(ada), proven(ada)
    for one in [*many, mine]:
        one.tokens(first)
    mine.tokens(second)
    first.post("/accounts/logout/")

    run = threading.Thread(target=send)
    run.start()
    until(lambda: len(receiver.came) == 1, seconds=8)
    assert silent.calls.acquire(timeout=8)
    second.post("/accounts/logout/")
    until(lambda: len(receiver.came) == 2, seconds=8)

    assert run.is_alive(), "the others are still being called"
    silent.is_over.set()
    run.join(30)
    assert not run.is_alive()


def test_no_private_address_is_called_in_production(own: App, ada: User, receiver: Receiver, settings: Any) -> None:
    browser = proven(ada)
    own.tokens(browser)
    browser.post("/accounts/logout/")
    settings.WEBHOOKS_ALLOW_LOOPBACK = False
    send()
    assert not receiver.came
    assert LogoutNotice.objects.get().attempts == 1


def test_an_address_that_was_removed_meanwhile_is_not_called(own: App, ada: User, receiver: Receiver) -> None:
    browser = proven(ada)
    own.tokens(browser)
    browser.post("/accounts/logout/")
    with site_context("a test changes an app"):
        Client.objects.filter(pk=own.client.pk).update(backchannel_logout_uri="")
    send()
    assert not receiver.came
    assert not LogoutNotice.objects.exists()


@pytest.mark.parametrize("algorithm", SigningAlgorithm.values)
def test_a_token_is_signed_as_the_client_wants(own: App, algorithm: str) -> None:
    with site_context("a test changes an app"):
        Client.objects.filter(pk=own.client.pk).update(signing_algorithm=algorithm)
        client = Client.objects.get(pk=own.client.pk)
    assert verified(notices.logout_token(client, subject="a", sid="b"))["sid"] == "b"
