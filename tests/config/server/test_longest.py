"""Our server accepts our own longest values, in their longest encoding.

The kind of fault: if a limit of the server is lower than one of ours, honest people meet a bare refusal.
"""

import secrets
from http.cookies import SimpleCookie
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client

from config.server.bounds import LARGEST_BODY, LONGEST_FIELD
from foundation.next_page import LONGEST as LONGEST_NEXT
from providers.flow import MOST_AT_ONCE, Flow, Process
from providers.views.code_in_callback import LONGEST_CODE
from tests.support.gunicorns import Answer, Site, read

LONGEST_ISSUER = 512  # characters, more than any provider's
LONGEST_COOKIE = 4096  # bytes that a browser stores of one (RFC 6265bis, section 5.6)


def _get(site: Site, target: str, *headers: str) -> Answer:
    with site.connect() as connection:
        lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return read(connection)


def _is_the_products(answer: Answer) -> bool:
    """Whether the product answered: refusals of the server itself have no Server header."""
    return answer.headers["Server"] is not None


@pytest.mark.parametrize("provider", ["google", "keycloak", "microsoft", "github"])
@pytest.mark.promise(96)
def test_a_callback_of_our_longest_code_reaches_the_product(site: Site, provider: str) -> None:
    answered = {
        "code": '"' * LONGEST_CODE,
        "state": secrets.token_urlsafe(32),
        "iss": "https://" + "ü" * LONGEST_ISSUER,
        "session_state": "/" * 255,
        "scope": "openid email profile https://www.googleapis.com/auth/userinfo.profile",
        "authuser": "0",
        "hd": "a" * 253,
        "prompt": "none",
    }
    answer = _get(site, f"/accounts/{provider}/login/callback/?{urlencode(answered)}")

    assert _is_the_products(answer)
    assert answer.status in {400, 404, 409, 422, 424} or 300 <= answer.status < 400


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/google/login/", "/accounts/signup/"])
@pytest.mark.promise(96)
def test_our_longest_next_reaches_the_product_though_it_is_quoted_twice(site: Site, path: str) -> None:
    longest = "/accounts/?" + "%" * (LONGEST_NEXT - 11)
    within = f"{path}?{urlencode({'next': longest})}"
    for target in (within, f"{path}?{urlencode({'next': within})}"):
        assert _is_the_products(_get(site, target, f"Referer: http://127.0.0.1{quote(target[:4000])}"))


@pytest.mark.promise(96)
def test_the_cookies_of_as_many_attempts_as_a_browser_keeps_reach_the_product(site: Site) -> None:
    response = HttpResponse()
    for _ in range(MOST_AT_ONCE):
        flow = Flow(
            provider="keycloak", process=Process.CONNECT, next="/" + "a" * (LONGEST_NEXT - 1), starter="9" * 36,
            wanted=tuple(f"https://claims.example.com/{number}" for number in range(30)),
        )  # fmt: skip
        flow.remember(HttpRequest(), response)
    cookies = SimpleCookie({name: morsel.value for name, morsel in response.cookies.items()})
    assert len(cookies) == MOST_AT_ONCE
    cookies[settings.SESSION_COOKIE_NAME] = "a" * 64
    cookies["messages"] = "m" * 3072
    header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())

    assert _is_the_products(_get(site, "/accounts/login/", f"Cookie: {header}"))
    assert MOST_AT_ONCE * LONGEST_COOKIE + 4096 <= LONGEST_FIELD


@pytest.mark.promise(96)
def test_the_server_takes_bodies_as_long_as_django_does() -> None:
    assert LARGEST_BODY == settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@pytest.mark.django_db
@pytest.mark.promise(96)
def test_a_body_that_is_too_long_for_django_itself_has_the_same_status(client: Client) -> None:
    """Our server refuses such a body before Django does; this is for sites with another server."""
    answer = client.post("/accounts/google/login/", "a" * (LARGEST_BODY + 1), "application/x-www-form-urlencoded")

    assert answer.status_code == 413
    assert "more than we can take" in answer.content.decode()
