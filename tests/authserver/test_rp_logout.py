"""Signing out where an app asks for it, by the modules of the Foundation's RP-initiated logout plan."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Session, User
from audit.models import Entry
from authserver import events
from authserver.keys import pairs, ring
from authserver.models import Client, SigningAlgorithm
from tenancy import site_context
from tests.support.apps import App, answer_in, app
from tests.support.proven import proven

pytestmark = pytest.mark.django_db
LOGOUT = "/oauth/logout"
URI = "post_logout_redirect_uri"
BACK = "https://app.example/signed-out"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(name="Ada", email="ada@example.org", email_verified=True)


@pytest.fixture
def browser(ada: User) -> Browser:
    return proven(ada)


@pytest.fixture
def own() -> App:
    return app(post_logout_redirect_uris=[BACK, "https://app.example/with?a=1"])


@pytest.fixture
def hint(own: App, browser: Browser) -> str:
    token: str = own.tokens(browser)["id_token"]
    return token


def ask(browser: Browser, **parameters: Any) -> Any:
    return browser.get(f"{LOGOUT}?{urlencode(parameters)}")


def press(browser: Browser, page: Any) -> Any:
    """Press the button of the confirmation."""
    assert page.status_code == 200, page.content
    return browser.post(page.context["action"])


def led_to(page: Any) -> str:
    """Return where the page that follows the confirmation leads the browser."""
    assert page.status_code == 200
    found: str = page.headers["Refresh"].removeprefix("0; url=")
    assert found in page.content.decode().replace("&amp;", "&")
    return found


def is_signed_in() -> bool:
    return Session.objects.filter(user__isnull=False).exists()


def is_silent(own: App, browser: Browser) -> bool:
    """Whether a request with prompt=none still succeeds in this browser."""
    return "code" in answer_in(own.authorize(browser, prompt="none"))


# The modules of oidcc-rp-initiated-logout-certification-test-plan


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification() -> None:
    found = Browser().get("/.well-known/openid-configuration").json()
    assert found["end_session_endpoint"] == f"{settings.PUBLIC_URL}{LOGOUT}"


@pytest.mark.promise(36)
def test_oidcc_rp_initiated_logout(own: App, browser: Browser, hint: str) -> None:
    assert is_silent(own, browser)
    page = ask(browser, id_token_hint=hint, post_logout_redirect_uri=BACK, state="a b&c")
    assert is_signed_in()  # until the person has pressed the button

    answer = press(browser, page)

    assert led_to(answer) == f"{BACK}?state=a+b%26c"
    assert not is_signed_in()
    assert answer_in(own.authorize(browser, prompt="none"))["error"] == "login_required"


def refused(browser: Browser, reason: str, **parameters: Any) -> Any:
    """Ask, and see the page that refuses: with status 400, no redirect, a reference, and the person still signed in."""
    page = ask(browser, **parameters)
    assert page.status_code == 400
    assert f'data-reason="{reason}"' in page.content.decode()
    assert "Location" not in page.headers
    assert "Refresh" not in page.headers
    assert is_signed_in()
    with site_context("a test reads the trail"):
        entry = Entry.objects.filter(action=events.LOGOUT_REFUSED.value).latest("pk")
    assert entry.details
    assert entry.details["reference"] in page.content.decode()
    assert entry.details["reason"] == reason
    return page


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(own: App, browser: Browser, hint: str) -> None:
    for uri in ("https://app.example/callback", "https://evil.example/", f"{BACK}/", f"{BACK}#x", BACK.upper(), "//x"):
        refused(browser, "redirect_uri_unknown", id_token_hint=hint, post_logout_redirect_uri=uri, state="s")


def test_oidcc_rp_initiated_logout_modified_id_token_hint(browser: Browser, hint: str) -> None:
    header, payload, _ = hint.split(".")
    known = json.loads(base64.urlsafe_b64decode(header + "=="))
    bare = base64.urlsafe_b64encode(json.dumps(known | {"alg": "none"}).encode()).rstrip(b"=").decode()
    refused(browser, "hint_invalid", id_token_hint=f"{bare}.{payload}.", post_logout_redirect_uri=BACK)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(browser: Browser, hint: str) -> None:
    claims, kid = jwt.decode(hint, options={"verify_signature": False}), jwt.get_unverified_header(hint)["kid"]
    other = pairs.generate(SigningAlgorithm.RS256).private
    foreign = jwt.encode(claims, other, algorithm="RS256", headers={"kid": kid})
    for token in (foreign, hint[:-8], "x", "a.b.c", "é", hint + "x"):
        refused(browser, "hint_invalid", id_token_hint=token, post_logout_redirect_uri=BACK)


def test_oidcc_rp_initiated_logout_no_id_token_hint(browser: Browser, hint: str) -> None:
    refused(browser, "redirect_uri_without_client", post_logout_redirect_uri=BACK, state="s")


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(browser: Browser, hint: str) -> None:
    refused(browser, "redirect_uri_unknown", id_token_hint=hint, post_logout_redirect_uri=f"{BACK}?foo=bar")


@pytest.mark.parametrize("parameters", [{}, {"state": "s"}], ids=["no_params", "only_state"])
def test_oidcc_rp_initiated_logout_no_params_and_only_state(
    browser: Browser, hint: str, parameters: dict[str, str]
) -> None:
    answer = press(browser, ask(browser, **parameters))
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"])
    assert "You are signed out" in page.content.decode()
    assert not is_signed_in()


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(own: App, browser: Browser, hint: str) -> None:
    answer = press(browser, ask(browser, id_token_hint=hint))
    assert "You are signed out" in browser.get(answer.headers["Location"]).content.decode()
    assert answer_in(own.authorize(browser, prompt="none"))["error"] == "login_required"


def test_oidcc_rp_initiated_logout_no_state(browser: Browser, hint: str) -> None:
    assert led_to(press(browser, ask(browser, id_token_hint=hint, post_logout_redirect_uri=BACK))) == BACK


# What else can come


@pytest.mark.promise(36)
def test_nothing_signs_out_without_the_button_and_its_csrf_token(ada: User, browser: Browser, hint: str) -> None:
    strict = proven(ada, Browser(enforce_csrf_checks=True))
    parameters = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": BACK})
    assert strict.post(f"{LOGOUT}/confirm/0?{parameters}").status_code == 403
    by_link = strict.get(f"{LOGOUT}/confirm/0?{parameters}")
    assert (by_link.status_code, by_link.headers["Location"]) == (302, f"{LOGOUT}?{parameters}")
    by_form = strict.post(LOGOUT, parameters, content_type="application/x-www-form-urlencoded")
    assert (by_form.status_code, by_form.headers["Location"]) == (303, f"{LOGOUT}?{parameters}")
    assert "Sign out?" in strict.get(by_form.headers["Location"]).content.decode()
    assert Session.objects.filter(user=ada).count() == 2


def test_the_page_asks_by_name_and_says_where_it_leads(own: App, browser: Browser, hint: str) -> None:
    text = ask(browser, id_token_hint=hint, post_logout_redirect_uri=BACK).content.decode()
    assert own.client.name in text
    assert "You will then go back to" in text
    assert "You are signed in as Ada" in text
    assert "another account" not in text


def test_an_expired_hint_is_a_hint(own: App, browser: Browser, hint: str) -> None:
    claims = jwt.decode(hint, options={"verify_signature": False}) | {"iat": 1_000_000, "exp": 1_000_600}
    pair = ring.current().signer(SigningAlgorithm.RS256)
    old = jwt.encode(claims, pair.private, algorithm="RS256", headers={"kid": pair.kid})
    assert led_to(press(browser, ask(browser, id_token_hint=old, post_logout_redirect_uri=BACK))) == BACK


def test_an_access_token_is_no_hint(own: App, browser: Browser) -> None:
    token = own.tokens(browser)["access_token"]
    refused(browser, "hint_invalid", id_token_hint=token)


def test_a_hint_of_another_person_says_so_and_ends_only_the_session_that_is_here(own: App, browser: Browser) -> None:
    bob = User.objects.create_user(name="Bob")
    his = own.tokens(proven(bob))["id_token"]
    page = ask(browser, id_token_hint=his, post_logout_redirect_uri=BACK)
    assert "a different account" in page.content.decode()

    assert led_to(press(browser, page)) == BACK

    assert Session.objects.get(user__isnull=False).user == bob


def test_a_hint_of_an_earlier_session_says_so(ada: User, own: App, browser: Browser) -> None:
    earlier = own.tokens(proven(ada))["id_token"]
    assert "signed in again" in ask(browser, id_token_hint=earlier).content.decode()


def test_the_answer_counts_only_for_the_account_that_was_named(own: App, browser: Browser, hint: str) -> None:
    page = ask(browser, id_token_hint=hint)
    bob = User.objects.create_user(name="Bob")
    proven(bob, browser)
    answer = press(browser, page)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{LOGOUT}?id_token_hint=")
    assert Session.objects.filter(user=bob).exists()


def test_a_client_id_must_fit_the_hint(browser: Browser, hint: str) -> None:
    other = app(name="Other", post_logout_redirect_uris=[BACK])
    refused(browser, "hint_of_another_client", id_token_hint=hint, client_id=other.client.client_id)
    refused(browser, "client_unknown", client_id="nobody")


def test_a_client_id_without_a_hint_leads_back_after_the_confirmation_only(own: App, browser: Browser) -> None:
    parameters = {"client_id": own.client.client_id, "post_logout_redirect_uri": BACK}
    signed_out = ask(Browser(), **parameters)
    assert signed_out.status_code == 200
    assert "You are signed out" in signed_out.content.decode()
    assert led_to(press(browser, ask(browser, **parameters))) == BACK


def test_somebody_who_is_signed_out_already_goes_back_if_everything_is_right(own: App, hint: str) -> None:
    answer = ask(Browser(), id_token_hint=hint, post_logout_redirect_uri=BACK, state="s")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BACK}?state=s")
    page = ask(Browser(), id_token_hint=hint)
    assert (page.status_code, "You are signed out" in page.content.decode()) == (200, True)


def test_a_session_that_ended_while_the_page_was_open_is_no_error(browser: Browser, hint: str) -> None:
    page = ask(browser, id_token_hint=hint, post_logout_redirect_uri=BACK)
    Session.objects.all().delete()
    assert led_to(press(browser, page)) == BACK


def test_a_uri_with_a_query_gets_the_state_beside_it(hint: str) -> None:
    answer = ask(Browser(), id_token_hint=hint, post_logout_redirect_uri="https://app.example/with?a=1", state="s")
    assert answer.headers["Location"] == "https://app.example/with?a=1&state=s"


def test_an_app_on_the_device_is_led_back_to_by_its_own_scheme(browser: Browser) -> None:
    uri = "com.example.app:/out"
    native = app(is_public=True, post_logout_redirect_uris=[uri])
    token = native.tokens(browser)["id_token"]
    assert led_to(press(browser, ask(browser, id_token_hint=token, post_logout_redirect_uri=uri, state="s"))) == (
        "com.example.app:/out?state=s"
    )


def test_nobody_is_redirected_to_a_stopped_client(own: App, browser: Browser, hint: str) -> None:
    with site_context("a test stops an app"):
        Client.objects.filter(pk=own.client.pk).update(is_active=False, not_before=timezone.now())
    refused(browser, "client_stopped", id_token_hint=hint, post_logout_redirect_uri=BACK)
    assert press(browser, ask(browser, id_token_hint=hint)).status_code == 303


@pytest.mark.promise(23)
@pytest.mark.parametrize(
    "query",
    [
        "state=a&state=b",
        "post_logout_redirect_uri[]=x",
        "id_token_hint=%00",
        "state=%ff",
        "client_id=" + "x" * 9000,
        "&".join(f"p{number}=1" for number in range(80)),
        "id_token_hint=" + "x" * 70_000,
        f"{URI}=a&{URI}=b",
    ],
    ids=lambda query: query[:30],
)
def test_garbage_is_refused_without_a_redirect(browser: Browser, query: str) -> None:
    for answer in (
        browser.get(f"{LOGOUT}?{query}"),
        browser.post(f"{LOGOUT}/confirm/0?{query}"),
        browser.post(LOGOUT, query, content_type="application/x-www-form-urlencoded"),
    ):
        assert answer.status_code in {200, 303, 400, 413}
        assert answer.headers.get("Location", LOGOUT).startswith(LOGOUT)
    assert is_signed_in()
