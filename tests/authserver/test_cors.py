"""Scripts of other sites read what we answer to their own app, and nothing else (ADR 66)."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.test import Client as Browser

from accounts.models import User
from accounts.sign_in import api_limits
from accounts.sign_in.rate_limits import Limit
from authserver import cors
from authserver.clients import changes
from foundation.permits import Permits
from tenancy import site_context
from tests.support.api import ask, bearer, key, session_of
from tests.support.authorized import App
from tests.support.oauth import registered, token_request
from tests.support.services import READ, clerk, key_of_person
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
HARBOUR, MARKET, STRANGER = "https://harbour.example", "https://market.example", "https://evil.example"
ME, TOKEN, USERINFO, REVOKE = "/api/v1/me", "/oauth/token", "/oauth/userinfo", "/oauth/revoke"
ORIGIN, EXPOSED = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"


@pytest.fixture(autouse=True)
def _origins_of_no_other_test() -> None:
    cors.read.cache_clear()


@pytest.fixture
def app() -> App:
    return App.registered(web_origins=[HARBOUR])


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


def preflight(path: str, origin: str, *, method: str = "GET") -> Any:
    return ask(path, {"Origin": origin, "Access-Control-Request-Method": method}, method="options")


def told(answer: Any) -> dict[str, str]:
    """Return the headers for scripts of other origins."""
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("path", [ME, "/api/v1/nothing", TOKEN, USERINFO, REVOKE])
def test_a_preflight_of_a_registered_origin_is_answered_without_a_credential(path: str) -> None:
    answer = preflight(path, HARBOUR, method="PATCH")

    assert (answer.status_code, answer.content, answer.headers["Vary"]) == (204, b"", "Origin")
    assert told(answer) == {ORIGIN: HARBOUR, **cors.PREFLIGHT}


@pytest.mark.promise(41)
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "null",
        "",
        "*",
        "http://harbour.example",
        "https://harbour.example:8443",
        "https://harbour.example/",
        "https://Harbour.example",
        "https://harbour.example.evil.example",
        "https://harbour.example, https://evil.example",
        "https://harbour.example\0",
        "x" * 100_000,
    ],
)
def test_any_other_origin_gets_no_header(origin: str) -> None:
    for answer in (preflight(ME, origin), ask(ME, {"Origin": origin})):
        assert (told(answer), answer.headers["Vary"]) == ({}, "Origin")


@pytest.mark.promise(41)
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/device", "/oauth/authorize", "/accounts/", "/"])
def test_nothing_else_is_for_scripts(path: str) -> None:
    assert told(preflight(path, HARBOUR)) == told(ask(path, {"Origin": HARBOUR})) == {}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/oauth/jwks"])
def test_what_is_the_same_for_everybody_any_script_may_read(path: str) -> None:
    answer = ask(path, {"Origin": STRANGER})

    assert told(answer) == {ORIGIN: "*", **cors.EXPOSED}
    assert told(preflight(path, STRANGER))[ORIGIN] == "*"


@pytest.mark.promise(41)
def test_a_page_reads_what_its_own_app_is_answered(app: App, ada: User) -> None:
    App.registered(web_origins=[MARKET])
    tokens = app.tokens(ada)
    for path in (ME, USERINFO):
        answers = [ask(path, bearer(tokens["access_token"]) | {"Origin": one}) for one in (HARBOUR, MARKET, STRANGER)]
        assert [one.status_code for one in answers] == [200, 200, 200]
        assert [told(one) for one in answers] == [{ORIGIN: HARBOUR, **cors.EXPOSED}, {}, {}]


def test_a_public_app_redeems_and_revokes_in_the_browser(ada: User) -> None:
    app = App.registered(is_public=True, web_origins=[HARBOUR])
    App.registered(web_origins=[MARKET])
    app.browser = Browser(headers={"Origin": HARBOUR})

    found = app.redeem(app.authorized(ada))
    assert (found.status_code, found.headers[ORIGIN]) == (200, HARBOUR)

    form = {"client_id": app.client.client_id, "token": found.json()["access_token"]}
    for origin, allowed in ((HARBOUR, HARBOUR), (MARKET, None)):
        answer = token_request(Browser(headers={"Origin": origin}), form, path=REVOKE)
        assert (answer.status_code, answer.headers.get(ORIGIN)) == (200, allowed)
    refused = token_request(Browser(headers={"Origin": MARKET}), {**form, "client_id": "nobody"}, path=REVOKE)
    assert (refused.status_code, refused.headers[ORIGIN]) == (401, MARKET)


@pytest.mark.usefixtures("app")
def test_pages_can_read_why_they_are_refused(ada: User, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    wrong = ask(ME, bearer("vst_at_wrong") | {"Origin": HARBOUR})
    assert (wrong.status_code, wrong.headers[ORIGIN]) == (401, HARBOUR)
    assert {"WWW-Authenticate", "Retry-After", "RateLimit"} <= set(wrong.headers[EXPOSED].split(", "))
    nothing = ask("/api/v1/nothing", {"Origin": HARBOUR})
    assert (nothing.status_code, nothing.headers[ORIGIN]) == (404, HARBOUR)

    settings.RATE_LIMITS_EXEMPT = []
    monkeypatch.setattr(api_limits, "OF_CREDENTIAL", Limit(kind="api.credential", most=1, seconds=60))
    monkeypatch.setattr(api_limits, "PERMITS", Permits())
    app = App.registered(web_origins=[HARBOUR])
    cors.read.cache_clear()
    header = bearer(app.tokens(ada)["access_token"]) | {"Origin": HARBOUR}
    answers = [ask(ME, header) for _ in range(3)]
    assert (answers[-1].status_code, answers[-1].headers[ORIGIN]) == (429, HARBOUR)
    assert answers[-1].headers["Content-Type"] == "application/problem+json"


@pytest.mark.promise(41)
@pytest.mark.usefixtures("app")
def test_credentials_of_no_app_are_for_no_page(ada: User) -> None:
    """A session's cookie or a person's key in a script of another site gives it nothing to read."""
    session = ask(ME, {"Origin": HARBOUR}, browser=session_of(ada))
    by_key = ask(ME, key(key_of_person(ada, READ).text) | {"Origin": HARBOUR})

    assert (session.status_code, told(session)) == (by_key.status_code, told(by_key)) == (200, {})


@pytest.mark.promise(41)
def test_a_stopped_app_and_a_removed_origin_count_no_more(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cors.FRESH <= 1
    monkeypatch.setattr(cors, "FRESH", 1e-6)  # seconds, so that each request reads the origins again
    assert told(preflight(ME, HARBOUR))
    with site_context("a test stops an app"):
        changes.stop(app.client)
    assert told(preflight(ME, HARBOUR)) == {}

    with site_context("a test changes an app"):
        changes.start(app.client)
        app.client.web_origins = [MARKET]
        assert changes.change(app.client) == ["web_origins"]
    assert (told(preflight(ME, HARBOUR)), told(preflight(ME, MARKET))[ORIGIN]) == ({}, MARKET)


@pytest.mark.usefixtures("app")
def test_strangers_cost_no_query(django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cors, "FRESH", 1e6)  # seconds
    preflight(ME, HARBOUR)
    with django_assert_num_queries(0):
        for number in range(20):
            preflight(ME, f"https://{number}.evil.example")


@pytest.mark.usefixtures("app")
def test_without_the_database_no_origin_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> list[Any]:
        raise OperationalError("away")

    monkeypatch.setattr(cors, "fetch_all", away)
    answer = preflight(ME, HARBOUR)

    assert (answer.status_code, told(answer)) == (204, {})


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*.example.com",
        "http://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://App.example.com",
        "https://bücher.example",
        "https://ada@app.example.com",
        "https://app.example.com:0",
        "https://app.example.com:65536",
        "https://app.example.com:08443",
        "https://app_1.example.com",
        "https://1.2.3",
        "https://[::ffff:1.2.3.4]",
        "ftp://app.example.com",
        "app.example.com",
        "https://",
        "",
        "https://app.example.com\n",
        "https://" + "a" * 600 + ".example",
    ],
)
def test_what_no_browser_sends_is_not_registered(origin: str) -> None:
    with pytest.raises(ValidationError) as refused:
        registered(web_origins=[origin])
    assert list(refused.value.message_dict) == ["web_origins"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "https://app.example.com:8443",
        "https://xn--bcher-kva.example",
        "https://192.0.2.7",
        "https://[2001:db8::7]:8443",
        "http://localhost:5173",
        "http://127.0.0.1",
        "http://[::1]:3000",
    ],
)
def test_what_browsers_send_is_registered(origin: str) -> None:
    client, _ = registered(web_origins=[origin, origin])
    assert client.web_origins == [origin]
    assert preflight(ME, origin).headers[ORIGIN] == origin


def test_there_are_at_most_fifty() -> None:
    with pytest.raises(ValidationError):
        registered(web_origins=[f"https://{number}.example.com" for number in range(51)])
