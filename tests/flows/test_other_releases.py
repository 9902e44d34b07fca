"""Data of another release is read as far as it is known, and is never an error.

The kind of fault: two releases run in parallel during a roll-out, or the older one is restored, and a cookie or session
of the other one is read as one's own: a name is missing, or has another value.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.cache import cache

from accounts.models import Session, User
from accounts.own_account.views import CLAIMS_UNREAD
from accounts.sessions import forms
from accounts.sessions.revocation import UPSTREAM_NOTE
from accounts.sign_in import mailed_codes
from accounts.sign_in.factors import passkeys
from accounts.sign_in.factors import views as factor_pages
from accounts.sign_in.reauthentication import notices
from providers import flow as flows
from providers.flow import Flow, Process
from providers.views import finished
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import APP, NEEDED, PASSKEY, PROVE, add_app, on_the_way
from tests.flows.proofs import let_be_proven
from tests.flows.test_keeping_the_way import NEXT, finish, try_again
from tests.support.authenticator import code

pytestmark = pytest.mark.django_db

JUNK: list[Any] = [None, True, 1.5, 10**40, "", "x" * 3000, "\x00", [], [[]], {"a": {}}]
GONE = object()


def bent(value: Any) -> Iterator[tuple[str, Any]]:
    """Every way to remove one part of a value, or to replace it with junk, with the path to it."""
    names = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for name in names:
        for junk in [GONE, *(junk for junk in JUNK if junk != value[name])]:
            changed = deepcopy(value)
            if junk is GONE:
                del changed[name]
            else:
                changed[name] = junk
            yield f"{name}={'gone' if junk is GONE else repr(junk)[:20]}", changed
        for path, below in bent(value[name]):
            changed = deepcopy(value)
            changed[name] = below
            yield f"{name}.{path}", changed


# The cookie of an attempt


def signed(values: object, *, compress: bool = False) -> str:
    return flows._signer(settings.SECRET_KEY).sign_object(values, compress=compress)  # noqa: SLF001  # by our own key


def signed_text(text: str) -> str:
    return flows._signer(settings.SECRET_KEY).sign(text)  # noqa: SLF001  # by our own key


@pytest.fixture
def attempt(browser: Browser) -> Flow:
    return Flow(provider="google", process=Process.SIGN_IN, next=NEXT, stays=True, wanted=("groups",))


def come_back(browser: Browser, attempt: Flow, cookie: str) -> Any:
    browser.client.cookies[attempt.cookie] = cookie
    return browser.get(f"/accounts/google/login/callback/?code=x&state={attempt.state}")


def kept(attempt: Flow) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(asdict(attempt)))
    del values["key_age"]
    return values


def test_an_attempt_in_another_format_is_restarted_with_its_destination(browser: Browser, attempt: Flow) -> None:
    """The destination is kept whenever it is readable."""
    refused = set()
    for path, values in bent(kept(attempt)):
        cache.clear()  # each is a new attempt that was not used before
        page = come_back(browser, attempt, signed(values))
        if b"Please start again" not in page.content:
            assert page.status_code in {403, 424}, path  # complete for this release; the invented code is refused
            continue
        refused.add(path.partition("=")[0].partition(".")[0])
        assert page.status_code == 400, path
        way = parse_qs(urlsplit(try_again(page)).query)
        assert way.get("next", [""]) == ([""] if path.startswith(("next", "state")) else [NEXT]), path
        assert way.get("remember", [""]) == ([""] if path.startswith(("stays", "state")) else ["on"]), path
    assert refused == kept(attempt).keys()
    assert set(refusals()) <= {"state_unknown", "state_of_another_provider", "code_refused", "provider_refused"}
    assert browser.account is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: signed([]),
        lambda: signed("x"),
        lambda: signed(None),
        lambda: signed(5),
        lambda: signed_text(""),
        lambda: signed_text("{}"),
        lambda: signed_text("e30x"),
        lambda: signed_text(".e30"),
        lambda: signed_text("." + "x" * 3000),
        lambda: signed_text("_" * 3001),
        lambda: "x",
        lambda: ":" * 100,
        lambda: "::",
        lambda: "\x7f" * 100,
    ],
)
def test_a_cookie_without_an_attempt_is_not_an_error(browser: Browser, attempt: Flow, make: Callable[[], str]) -> None:
    page = come_back(browser, attempt, make())

    assert page.status_code == 400
    assert b"Please start again" in page.content
    assert try_again(page) == "/accounts/google/login/"
    assert refusals() == ["state_unknown"]


def test_neither_is_a_cookie_cut_at_any_position(browser: Browser, attempt: Flow) -> None:
    for whole in (signed(kept(attempt)), signed(kept(attempt), compress=True)):
        for length in range(0, len(whole), 7):
            assert come_back(browser, attempt, whole[:length]).status_code == 400
    packed = flows._base64url(zlib.compress(json.dumps(kept(attempt)).encode()))  # noqa: SLF001  # as Django packs it
    for length in range(0, len(packed), 7):
        assert come_back(browser, attempt, signed_text(f".{packed[:length]}")).status_code == 400


def test_an_attempt_with_unknown_fields_is_read_as_far_as_it_is_known(browser: Browser, attempt: Flow) -> None:
    flow = flows._flow(kept(attempt) | {"of_tomorrow": {"a": [1]}, "key_age": 0})  # noqa: SLF001  # what take() makes

    assert flow == attempt


# The contents of a session


def test_every_name_that_is_used_in_a_session_has_a_format() -> None:
    used = {
        SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY,
        AUTHENTICATION_METHODS_SESSION_KEY, LOGIN_SESSION_KEY, f"{AUTHENTICATION_METHODS_SESSION_KEY}_user",
        passkeys.STATE, factor_pages.NEW_APP, mailed_codes.IN_SESSION, notices.NOTICE_KEY, notices.NOTICE,
        CLAIMS_UNREAD, UPSTREAM_NOTE, finished.FINISHED,
    }  # fmt: skip

    assert used == forms.FORMS.keys()


def content_of(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Session.objects.of_browser(browser.key).get().session_data)
    return found


def put(browser: Browser, content: object) -> None:
    Session.objects.of_browser(browser.key).update(session_data=json.dumps(content))


def test_what_is_written_today_is_read_completely(browser: Browser, settings: Any, later: Callable[..., None]) -> None:
    """Otherwise the tests below would only show that nothing fails where nothing is read."""
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    browser.sign_in("keycloak", "ada")
    let_be_proven(browser)
    browser.get(APP)
    content = content_of(browser)
    assert content.keys() >= {"finished_flow", "new_app", "account_authentication_methods"}
    assert forms.readable(content) == content

    secret, _ = add_app(browser)
    later()
    elsewhere = Browser(browser.providers)
    elsewhere.sign_in("keycloak", "ada", next=NEXT)
    waiting = content_of(elsewhere)
    assert waiting.keys() >= {"account_login", "account_authentication_methods"}
    assert forms.readable(waiting) == waiting
    assert elsewhere.post(PROVE, {"code": code(secret)}).headers["Location"] == NEXT


@pytest.mark.slow
def test_a_pending_sign_in_in_another_format_is_restarted_with_its_destination(
    browser: Browser, later: Callable[..., None]
) -> None:
    browser.sign_in("keycloak", "ada")
    secret, _ = add_app(browser)
    later()
    late = Browser(browser.providers)
    late.sign_in("keycloak", "ada", next=NEXT, remember="on")
    content = content_of(late)
    outcomes = set()
    for path, changed in bent(content):
        put(late, changed)
        answer = late.get(on_the_way(PROVE, NEXT) + "&remember=on")
        assert answer.status_code in {200, 302}, path
        if answer.status_code == 302:
            way = parse_qs(urlsplit(answer.headers["Location"]).query)
            assert (way["next"], way["remember"]) == ([NEXT], ["on"]), path
            late.get(answer.headers["Location"])
        outcomes.add(answer.status_code)
        assert late.account is None
    assert outcomes == {200, 302}

    again = finish(late, on_the_way("/accounts/keycloak/login/", NEXT))
    assert late.post(again.headers["Location"], {"code": code(secret)}).headers["Location"] == NEXT


@pytest.mark.slow
def test_no_page_fails_with_a_session_in_another_format(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    let_be_proven(browser)
    browser.get(APP)
    content = content_of(browser) | {
        "passkey": {"state": {"challenge": "A" * 43, "user_verification": "required"}, "person": "", "at": 1.0},
        "mailed_code": str(User.objects.get().pk),
        "told_of_acts": ["connect"],
        "acts_to_notice": ["connect"],
        "claims_unread": "keycloak",
        "ended_there": "keycloak",
    }
    person, seen = str(User.objects.get().pk), set()
    for number, (path, changed) in enumerate(bent(content)):
        put(browser, changed)
        pages = [
            "/accounts/",
            "/accounts/connections/",
            "/accounts/logout/",
            APP,
            "/accounts/reauthenticate/",
            PASSKEY,
            NEEDED,
        ]
        answers = [browser.get(pages[number % len(pages)]), browser.get("/accounts/connections/")]
        if number % 3 == 0:
            answers.append(browser.post("/accounts/reauthenticate/", {"code": "12345678"}))
        for answer in answers:
            assert answer.status_code in {200, 302}, (path, answer.status_code)
        seen.add(browser.account)
        Session.objects.of_browser(browser.key).update(session_data=json.dumps(content))
    assert seen == {person, None}


def test_a_reauthentication_in_another_format_counts_for_nothing_and_affects_no_other() -> None:
    good = {"method": "password", "at": 5.0}
    for _, records in bent([good]):
        read = forms.readable({"account_authentication_methods": [good, *records]})
        assert read["account_authentication_methods"][0] == good
    assert forms.readable({"account_authentication_methods": [good, {"method": "mfa", "at": "now"}, {"at": 1}, 3]}) == {
        "account_authentication_methods": [good]
    }
    assert forms.readable({"account_authentication_methods": {}, "of_tomorrow": [1]}) == {"of_tomorrow": [1]}


@pytest.mark.parametrize("content", [[], "x", 5, None, {"_auth_user_id": {}}, {"account_login": []}])
def test_a_session_with_only_unknown_contents_is_anonymous(browser: Browser, content: object) -> None:
    browser.sign_in("keycloak", "ada")
    put(browser, content)

    assert browser.account is None
    assert browser.get("/accounts/").headers["Location"] == "/accounts/login/?next=/accounts/"
    assert browser.get("/accounts/login/").status_code == 200
