"""Whatever anonymous clients send is refused: never a 5xx, never their text on the page, never a lost session."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Session, User
from tests.flows.conftest import Browser, refusals

pytestmark = pytest.mark.django_db

GARBAGE = [
    "",
    "?",
    "?code=%00&state=%00",
    "?code=%ff%fe&state=%c3%28",
    f"?code={'c' * 6144}&state={'s' * 6144}",
    "?code[]=a&state[]=b",
    "?code=a&code=b&state=c&state=d",
    "?state=" + "A" * 43,
    "?state=" + "A" * 43 + "&code=x&error=y",
    "?" + "&".join(f"a{n}=b" for n in range(1500)),
    "?error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%0d%0aSet-Cookie:%20a=b",
    "?state=%F0%9F%9A%AA&iss=%00",
    "?code=" + quote("'; DROP TABLE accounts_user; --"),
]
KEYS = ['"\\000abcdefgh"', "x" * 5000, "ü" * 32, '"\\012\\015abcdefgh"', "a b c d e f g h", "'; DROP TABLE--", "a" * 32]
ODD = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)

PATHS = ["/accounts/login/", "/api/v1/me", "/accounts/", f"/accounts/google/login/callback/?state={'A' * 43}"]
HEADERS = ("user-agent", "accept-language", "referer", "origin", "accept", "x-forwarded-for", "authorization", "range")


def in_every_cookie(text: str) -> str:
    names = ("sessionid", "csrftoken", "last_provider", "flow_AAAAAAAA", "messages")
    return "; ".join(f"{name}={text}" for name in names)


@pytest.mark.promise(23)
@pytest.mark.parametrize("query", GARBAGE)
def test_garbage_on_the_callback_is_refused(browser: Browser, provider: str, query: str) -> None:
    response = browser.get(f"/accounts/{provider}/login/callback/{query}")

    assert 400 <= response.status_code < 500
    assert b"<script>alert" not in response.content
    assert "a" not in response.cookies
    assert browser.account is None


@pytest.mark.promise(23)
@pytest.mark.parametrize("query", GARBAGE)
def test_garbage_with_the_right_state_is_refused_too(browser: Browser, provider: str, query: str) -> None:
    started = browser.callback_url(provider, "ada").partition("?")[2]
    state = next(part for part in started.split("&") if part.startswith("state="))
    rest = "&".join(part for part in query.removeprefix("?").split("&") if not part.startswith(("state", "a")))
    response = browser.get(f"/accounts/{provider}/login/callback/?{state}&{rest}")

    assert 400 <= response.status_code < 500
    assert User.objects.count() == 0


@pytest.mark.promise(23)
@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_the_callback_accepts_only_get(browser: Browser, provider: str, method: str) -> None:
    callback = browser.callback_url(provider, "ada")

    assert browser.client.generic(method, callback).status_code == 405
    assert User.objects.count() == 0
    assert browser.get(callback).status_code == 302  # nothing was used up


@pytest.mark.promise(15, 22)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_only_post_starts_a_sign_in(browser: Browser, provider: str, method: str) -> None:
    response = browser.client.generic(method, f"/accounts/{provider}/login/")

    assert response.status_code == 405
    assert not [name for name in response.cookies if name.startswith("flow_")]


@pytest.mark.promise(21)
@pytest.mark.parametrize("error", ["server_error", "<h1>Call 555-0199</h1>", "\r\nSet-Cookie: a=b", "x" * 5000])
def test_a_forged_error_signs_nobody_out_and_is_not_shown(browser: Browser, provider: str, error: str) -> None:
    browser.sign_in(provider, "ada")
    account = browser.account
    told = f"error={quote(error)}&error_description={quote('<b>Call 555-0199</b>')}"
    response = browser.get(f"/accounts/{provider}/login/callback/?{told}&state={'A' * 43}")

    assert response.status_code == 400
    assert b"555-0199" not in response.content
    assert browser.account == account is not None


@pytest.mark.promise(15)
@pytest.mark.parametrize(
    "parameters",
    [
        {"redirect_uri": "https://evil.example/"},
        {"state": "mine", "nonce": "mine", "code_challenge": "mine"},
        {"scope": "admin", "prompt": "none", "auth_params": "redirect_uri=https://evil.example"},
        {"client_id": "other", "response_type": "token", "max_age": "0", "login_hint": "x", "request_uri": "https://e"},
        {"process": "redirect"},
        {"process": "connect"},
    ],
)
def test_visitors_cannot_add_parameters_to_the_request(
    browser: Browser, provider: str, parameters: dict[str, str]
) -> None:
    plain = browser.start(provider).headers["Location"]
    laden = browser.start(provider, **parameters).headers["Location"]

    def without_what_is_new(url: str) -> list[str]:
        return [part for part in url.split("&") if not part.startswith(("state=", "nonce=", "code_challenge="))]

    assert without_what_is_new(laden) == without_what_is_new(plain)
    assert "=mine" not in laden


@pytest.mark.promise(43)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("path", ["/accounts/", "/accounts/login/", "/api/v1/me", "/accounts/google/login/callback/"])
def test_a_garbage_session_key_is_not_a_session(browser: Browser, key: str, path: str) -> None:
    response = browser.client.get(path, headers={"cookie": f"sessionid={key}"})

    assert response.status_code < 500
    assert Session.objects.count() == 0


@pytest.mark.promise(43)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cookie=ODD | ODD.map(in_every_cookie), header=ODD, path=st.sampled_from(PATHS))
def test_no_cookie_and_no_header_makes_a_page_fail(cookie: str, header: str, path: str) -> None:
    headers = dict.fromkeys(HEADERS, header) | {"cookie": cookie}

    assert Client(raise_request_exception=False).get(path, headers=headers).status_code < 500


@pytest.mark.promise(43)
def test_garbage_attempts_do_not_stop_a_start(browser: Browser, provider: str) -> None:
    cookies = "; ".join(f"flow_{mark}=x" for mark in ("ü", "(", "AAAAAAAA", "BBBBBBBB", "[x]", "CCCCCCCC", "{}", ""))
    response: Any = browser.client.post(f"/accounts/{provider}/login/", headers={"cookie": cookies})

    assert response.status_code == 302


@pytest.mark.promise(42)
@pytest.mark.parametrize("name", ["evil", "google-", "admin", "GOOGLE", "registry", "__init__"])
def test_an_unknown_provider_is_not_found(browser: Browser, name: str) -> None:
    assert browser.get(f"/accounts/{name}/login/").status_code == 404
    assert browser.post(f"/accounts/{name}/login/").status_code == 404
    assert browser.get(f"/accounts/{name}/login/callback/?code=a&state={'A' * 43}").status_code == 404
    assert refusals() == []
