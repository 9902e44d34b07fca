"""The BFF example: people sign in, the browser gets no token, and one round leads to a stronger sign-in."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from socket import create_connection
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
import requests
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS

from accounts.models import Session, User
from accounts.sessions import SessionRevocationReason, SessionStore, revoke
from audit.models import Entry
from authserver.authorization import consents
from authserver.models import Consent, TokenFamily
from authserver.tasks import send_logout_notices
from clients.examples.bff import step_up
from clients.examples.bff.main import BFF
from clients.examples.bff.openid import Flow, Tokens
from config.embedded.programs import any_free_port
from sandbox.server import Sandbox
from tests.authserver.peers.person import Person, forms
from tests.clients.backend import API, SECONDS, Backend
from tests.clients.page import OWN, SCOPES, Page, running
from tests.support.authenticator import code, enrol_app

LOGOUT_HEADER = b'{"alg":"RS256","typ":"logout+jwt","kid":"no such key"}'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(vestibule: str, backend: Backend, providers: Sandbox) -> Iterator[Page]:
    with running(vestibule, backend) as (url, bff):
        yield Page(url, bff, Person(providers))


def tokens(page: Page) -> list[str]:
    """All tokens that the BFF has."""
    sessions = page.bff.sessions._sessions.values()  # noqa: SLF001  # what must not come out of there
    return [text for one in sessions for text in (one.tokens.access_token, one.tokens.refresh_token)]


def test_a_person_signs_in_and_the_browser_sees_no_token(page: Page) -> None:
    assert page.who() == {}
    arrived = page.signs_in()

    assert (arrived.status_code, urlsplit(arrived.url).path) == (200, "/")
    assert (page.who()["name"], page.who()["acr"]) == (User.objects.get().name, "single")
    assert page.asks("/api/me").json()["subject"] == str(User.objects.get().pk)
    assert page.asks("/api/members").json() == ["Ada", "Grace"]
    assert page.asks("/api/tier").status_code == 403
    assert list(page.cookies) == ["bff"]
    assert len(tokens(page)) == 2
    shown = "".join(answer.text + str(answer.headers) for answer in page.seen) + json.dumps(page.cookies)
    assert [token for token in tokens(page) if token in shown] == []


def test_cookies_are_for_this_site_alone_and_for_no_script(page: Page) -> None:
    started = page.person.opens(f"{page.url}/bff/sign-in")
    answer = page.person.is_sent_to(f"{page.url}/bff/callback", started.headers["Location"])
    back = page.person.opens(answer)
    secure = BFF(page.bff.client.registration, url="https://harbour.example", api=API)

    assert "HttpOnly; Max-Age=600; Path=/; SameSite=lax" in started.headers["Set-Cookie"]
    assert "HttpOnly; Path=/; SameSite=strict" in back.headers["Set-Cookie"]
    assert (secure.cookie, secure.flow_cookie, secure.is_secure) == ("__Host-bff", "__Host-bff-flow", True)


def records(page: Page) -> tuple[SessionStore, list[dict[str, Any]]]:
    """How the person has authenticated in their session at Vestibule."""
    session = SessionStore(page.person.browser.cookies.get("sessionid"))
    return session, session[RECORDS]


def become_old(page: Page) -> None:
    session, found = records(page)
    session[RECORDS] = [{**record, "at": record["at"] - 3600} for record in found]
    session.save()


def become_weak(page: Page) -> None:
    session, found = records(page)
    session[RECORDS] = [record for record in found if record["method"] != "mfa"]
    session.save()


def enters_code(page: Page, shown: requests.Response, text: str) -> requests.Response:
    """Type a code on the page that asks for it, and go on from there."""
    form = next(form for form in forms(shown) if "code" in form.fields)
    url = urljoin(shown.url, form.action)
    sent = page.person.browser.post(url, form.fields | {"code": text}, allow_redirects=False, timeout=SECONDS)
    return page.person.goes_on(sent)


@pytest.mark.parametrize("becomes", [become_old, become_weak])
def test_a_step_up_returns_in_one_round_to_what_was_asked(page: Page, becomes: Callable[[Page], None]) -> None:
    page.signs_in()
    secret = enrol_app(User.objects.get())  # which ends the other sessions of the person
    enters_code(page, page.signs_in(), code(secret))
    becomes(page)
    page.signs_in()
    former = tokens(page)

    refused = page.asks("/api/sensitive")
    wanted = refused.json()["sign_in"]
    asked = page.person.goes_to(f"{page.url}{wanted}&return_to=%2F%3Fask%3Dsensitive")
    arrived = enters_code(page, asked, code(secret, steps_ago=-1))

    assert refused.status_code == 401
    assert dict(parse_qsl(urlsplit(wanted).query)) == {"acr_values": "mfa", "max_age": "1800"}
    assert urlsplit(asked.url).path == "/accounts/reauthenticate/"
    assert arrived.url == f"{page.url}/?ask=sensitive"
    assert page.asks("/api/sensitive").json() == {"message": "You have just signed in with a second factor."}
    assert page.who()["acr"] == "mfa"
    assert len(tokens(page)) == 2, "the stronger session replaces the other one"
    assert not set(former) & set(tokens(page))


def test_a_person_without_a_second_factor_is_told_so(page: Page) -> None:
    page.signs_in()

    back = page.person.goes_to(f"{page.url}{page.asks('/api/sensitive').json()['sign_in']}")

    assert back.url == f"{page.url}/?problem=unmet_authentication_requirements"
    assert page.asks("/api/me").status_code == 200, "the session that was there goes on"


@pytest.mark.parametrize("headers", [{}, {"X-BFF": "0"}, {**OWN, "Sec-Fetch-Site": "cross-site"}])
def test_other_sites_ask_in_vain(page: Page, headers: dict[str, str]) -> None:
    page.signs_in()

    for path, method in (("/api/me", "GET"), ("/bff/me", "GET"), ("/bff/sign-out", "POST")):
        assert page.asks(path, method, headers=headers).status_code == 403
    preflight = page.asks("/api/me", "OPTIONS", headers={"Origin": "https://evil.example"})
    assert not [name for name in preflight.headers if name.startswith("Access-Control")]
    assert page.asks("/api/me").status_code == 200


def test_an_answer_for_another_browser_opens_no_session(page: Page, providers: Sandbox) -> None:
    started = page.person.opens(f"{page.url}/bff/sign-in")
    answer = page.person.is_sent_to(f"{page.url}/bff/callback", started.headers["Location"])
    other = Person(providers)
    for url in (answer, re.sub("state=[^&]+", "state=x", answer)):
        other.opens(f"{page.url}/bff/sign-in")
        assert other.opens(url).headers["Location"] == "/?problem=lost"
    assert page.person.opens(re.sub("iss=[^&]+", "iss=https%3A%2F%2Fevil.example", answer)).headers["Location"] == (
        "/?problem=lost"
    )
    flow = json.dumps(dict.fromkeys(Flow.__dataclass_fields__, "\ud800")).encode()
    for cookie in ("e30=", "é", *(base64.urlsafe_b64encode(text).decode() for text in (b"[" * 5000, flow))):
        broken = requests.get(
            answer, headers={"Cookie": f"bff-flow={cookie}".encode()}, allow_redirects=False, timeout=SECONDS
        )
        assert broken.headers["Location"] == "/?problem=lost"
    assert tokens(page) == []


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\tevil",
        "\\evil",
        "javascript:alert(1)",
        "",
        "/é",
    ],
)
def test_a_sign_in_returns_to_this_site_alone(place: str) -> None:
    assert step_up.local(place) == "/"
    assert step_up.local("/?ask=sensitive") == "/?ask=sensitive"


def test_only_what_asks_for_more_goes_on_to_vestibule(page: Page) -> None:
    query = "?acr_values=mfa&max_age=60&prompt=none&redirect_uri=https://evil.example&scope=admin"
    started = page.person.opens(f"{page.url}/bff/sign-in{query}").headers["Location"]
    found = dict(parse_qsl(urlsplit(started).query))

    assert (found["acr_values"], found["max_age"]) == ("mfa", "60")
    assert found["redirect_uri"] == f"{page.url}/bff/callback"
    assert found["scope"] == " ".join(SCOPES)
    assert "prompt" not in found
    assert step_up.allowed({"acr_values": "\n", "max_age": "1" * 10}) == {}


def expire(page: Page) -> None:
    """Let the access token of the BFF's session be over."""
    (session,) = page.bff.sessions._sessions.values()  # noqa: SLF001  # time cannot be moved in a running server
    session.tokens = replace(session.tokens, expires_at=0.0)


@pytest.mark.promise(60)
def test_requests_at_the_same_time_refresh_once(page: Page) -> None:
    page.signs_in()
    before = tokens(page)
    expire(page)

    with ThreadPoolExecutor(8) as threads:
        statuses = [answer.status_code for answer in threads.map(lambda _: page.asks("/api/me"), range(8))]

    assert statuses == [200] * 8
    assert not set(before) & set(tokens(page))
    assert TokenFamily.objects.get().generation == 1
    assert not Entry.objects.filter(action="tokens.reused").exists()


def test_a_consent_that_is_withdrawn_ends_the_session_with_the_next_refresh(page: Page) -> None:
    page.signs_in()
    consents.withdraw(Consent.objects.all(), reason="owner")
    expire(page)

    assert page.asks("/api/me").json() == {"error": "signed_out"}
    assert page.who() == {}
    assert tokens(page) == []


def test_signing_out_ends_the_tokens_and_leads_to_vestibule(page: Page) -> None:
    page.signs_in()
    held = tokens(page)

    leads = page.asks("/bff/sign-out", "POST").json()["next"]
    page.person.browser.cookies.set("bff", "another")
    arrived = page.person.goes_to(leads)

    assert not [token for token in held if token in leads]
    assert arrived.url == f"{page.url}/"
    assert TokenFamily.objects.get().revoked_at
    assert not Session.objects.exists()
    assert page.who() == {}


def test_a_session_that_ends_at_vestibule_ends_here(page: Page, providers: Sandbox) -> None:
    page.signs_in()
    other = Page(page.url, page.bff, Person(providers, persona="linus"))
    other.signs_in()
    (session,) = Session.objects.filter(user__name__startswith="Ada")

    revoke([session], reason=SessionRevocationReason.ADMINISTRATOR)
    send_logout_notices()

    assert page.asks("/api/me").json() == {"error": "signed_out"}
    assert other.asks("/api/me").status_code == 200


def test_what_is_no_logout_token_ends_nothing(page: Page) -> None:
    page.signs_in()
    access_token = tokens(page)[0]

    nested, header = (base64.urlsafe_b64encode(text).decode() for text in (b"[" * 9999, LOGOUT_HEADER))

    for text in ("", "a.b.c", access_token, f"{nested}.{nested}.AA", f"{header}.e30.AA", "x" * (1024 * 1024 + 1)):
        answer = page.asks("/bff/backchannel-logout", "POST", headers={}, data={"logout_token": text})
        assert answer.status_code in {400, 413}
    assert page.who()


def test_the_api_gets_the_request_and_nothing_of_the_browser(page: Page) -> None:
    page.signs_in()

    assert page.asks("/api/nothing?a=1", "POST", json={"b": 2}).status_code == 404
    assert page.asks("/api/..%2f..%2fme").status_code in {404, 200}
    assert page.asks("/api/public", data="x" * (1024 * 1024 + 1)).status_code == 413
    for path in ("/api/%0a", "/api/%00", "/api/%3f", "/api/%23", "/api/%c3%a9", "/api/%ff", "/api/m%2565"):
        assert page.asks(path).status_code == 404


def test_a_path_that_no_url_has_is_refused(page: Page) -> None:
    page.signs_in()
    address = urlsplit(page.url)
    with create_connection((address.hostname, address.port), SECONDS) as connection:
        cookie = f"bff={page.cookies['bff']}".encode()
        head = b"GET /api/" + b'"' * 30_000 + b" HTTP/1.1\r\nHost: harbour\r\nX-BFF: 1\r\nCookie: " + cookie
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_every_answer_has_a_policy_without_inline_script(page: Page) -> None:
    text = page.person.opens(f"{page.url}/").text
    for path in ("/", "/app.js", "/style.css", "/nothing", "/bff/me", "/api/me"):
        policy = page.asks(path, headers={}).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", text) == []


def test_a_dead_vestibule_is_no_fault_of_the_person(page: Page) -> None:
    page.bff.client._metadata = {  # noqa: SLF001  # the addresses of a Vestibule that is away
        name: f"http://127.0.0.1:{any_free_port()}/"
        for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "revocation_endpoint")
    }
    key = page.bff.sessions.open(Tokens(access_token="a", refresh_token="b", expires_at=0.0, claims={}))
    page.person.browser.cookies.set("bff", key)

    assert page.asks("/api/me").status_code == 503
    assert page.who()
    assert page.asks("/bff/sign-out", "POST").status_code == 200
