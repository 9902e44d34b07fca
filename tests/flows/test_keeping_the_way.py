"""A person's destination survives errors on the way.

The kind of fault: a page offers to try again, but the person then reaches another page than their destination, because
the attempt was too old, used or refused, or because the URL was too long.
"""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.http import HttpRequest, HttpResponse, QueryDict

from foundation import lifetimes
from foundation.next_page import LONGEST
from providers.flow import LONGEST_COOKIE, MOST_AT_ONCE, Flow, Process, take_flow
from providers.refusal import SignInRefused
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another, refusals

pytestmark = pytest.mark.django_db

NEXT = "/accounts/sessions/?a=b&c=%2F"
LONG = "/accounts/sessions/?" + "".join(f"filter{number}=%25{number * 7919 % 9973:04x}&" for number in range(110))
LOST = "/accounts/?next_too_long"


def try_again(page: Any) -> str:
    found = re.search(rb'href="(/accounts/[a-z]+/login/[^"]*)"', page.content)
    assert found, page.content
    return found.group(1).decode().replace("&amp;", "&")


def finish(browser: Browser, start: str, persona: str = "ada") -> Any:
    """Sign in from the button of the start page to the end."""
    action = re.search(rb'<form class="actions" method="post" action="([^"]+)"', browser.get(start).content)
    assert action
    started = browser.post(action.group(1).decode().replace("&amp;", "&"))
    return browser.get(browser.providers.visit(started.headers["Location"], persona))


@pytest.mark.parametrize("minutes", [11, 60, 600])
@pytest.mark.parametrize("next_url", [NEXT, LONG])
def test_after_too_long_at_the_provider_people_still_reach_their_destination(
    browser: Browser, provider: str, time_machine: Any, minutes: int, next_url: str
) -> None:
    callback = browser.callback_url(provider, "ada", next=next_url, remember="on")
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=minutes))
    late = browser.get(callback)

    assert late.status_code == 400
    assert refusals() == ["state_expired"]
    assert b"ten minutes" in late.content
    again = try_again(late)
    assert parse_qs(urlsplit(again).query) == {"next": [next_url], "remember": ["on"]}
    assert try_again(browser.get(callback)) == again  # the page is reloaded
    assert finish(browser, again).headers["Location"] == next_url


def test_a_browser_keeps_an_attempts_destination_longer_than_the_attempt(browser: Browser, provider: str) -> None:
    """The test client does not expire cookies; a real browser does."""
    morsel = next(morsel for name, morsel in browser.start(provider).cookies.items() if "flow_" in name)

    assert int(morsel["max-age"]) == 86_400


@pytest.mark.parametrize("how", ["cancelled", "spent", "of another provider", "without a code", "refused"])
def test_every_refusal_of_a_known_attempt_keeps_its_destination(
    browser: Browser, providers: Sandbox, provider: str, how: str
) -> None:
    callback = browser.callback_url(provider, None if how == "cancelled" else "ada", next=NEXT)
    if how == "spent":
        kept = SimpleCookie({name: morsel.value for name, morsel in browser.client.cookies.items()})
        browser.get(callback)
        browser.client.cookies = SimpleCookie({name: morsel.value for name, morsel in kept.items()})
    if how == "of another provider":
        callback = callback.replace(f"/accounts/{provider}/", f"/accounts/{another(provider)}/")
    if how == "without a code":
        callback = re.sub(r"code=[^&]*&?", "", callback)
    if how == "refused":
        callback = re.sub(r"code=[^&]*", "code=stale", callback)
    page = browser.get(callback)

    assert page.status_code >= 400
    again = try_again(page)
    assert parse_qs(urlsplit(again).query)["next"] == [NEXT]
    assert finish(browser, again).headers["Location"] == NEXT


def test_using_another_sign_in_method_keeps_it_too(browser: Browser, provider: str) -> None:
    page = browser.get(browser.callback_url(provider, None, next=NEXT)).content.decode()

    assert f'href="/accounts/login/?{urlencode({"next": NEXT})}"'.replace("&", "&amp;") in page


def test_a_strangers_response_has_no_destination(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    callback = browser.callback_url(provider, "ada", next=NEXT)

    assert try_again(new_browser().get(callback)) == f"/accounts/{provider}/login/"


def test_an_attempt_that_is_remembered_signs_nobody_in(browser: Browser, provider: str, time_machine: Any) -> None:
    for _ in range(2):
        callback = browser.callback_url(provider, "ada", next=NEXT)
        time_machine.move_to(datetime.now(UTC) + lifetimes.RETRY_OF_ATTEMPT + timedelta(seconds=60))
        assert browser.get(callback).status_code == 400
    assert browser.account is None
    assert set(refusals()) == {"state_expired"}


@pytest.mark.parametrize("length", [513, 1000, LONGEST])
@pytest.mark.parametrize("sign", ["a", "%", "~", "ü"])
def test_a_long_destination_is_kept_in_every_encoding(browser: Browser, provider: str, length: int, sign: str) -> None:
    begin = "/accounts/sessions/?q="
    next_url = begin + (quote(sign) * length if sign == "ü" else sign * length)[: length - len(begin)]
    page = browser.get(f"/accounts/login/?{urlencode({'next': next_url})}").content.decode()

    assert "too long" not in page
    assert urlencode({"next": next_url}) in page
    assert browser.sign_in(provider, "ada", next=next_url).headers["Location"] == next_url


@pytest.mark.parametrize("length", [LONGEST + 1, 6000])
def test_a_longer_one_is_not_dropped_silently(browser: Browser, provider: str, length: int) -> None:
    next_url = "/" + "a" * (length - 1)
    for path in ("/accounts/login/", f"/accounts/{provider}/login/"):
        assert b"too long for us to remember" in browser.get(f"{path}?{urlencode({'next': next_url})}").content
    came = browser.sign_in(provider, "ada", next=next_url)

    assert came.headers["Location"] == LOST
    assert b"too long for us to remember" in browser.get(LOST).content
    assert b"too long" not in browser.get("/accounts/").content
    assert browser.get(f"/accounts/login/?{urlencode({'next': next_url})}").headers["Location"] == LOST


@pytest.mark.promise(20)
def test_one_to_another_site_is_still_dropped_silently(browser: Browser, provider: str) -> None:
    for disguise in ("https://evil.example/" + "a" * LONGEST, "//" + "a" * LONGEST, "/\\" + "a" * LONGEST):
        assert b"too long" not in browser.get(f"/accounts/login/?{urlencode({'next': disguise})}").content
        assert browser.sign_in(provider, "ada", next=disguise).headers["Location"] == "/accounts/"


def _incompressible() -> str:
    return f"/{secrets.token_urlsafe(LONGEST)[: LONGEST - 1]}"


def _remembered(flow: Flow, cookies: dict[str, str]) -> SimpleCookie:
    request, response = HttpRequest(), HttpResponse()
    request.COOKIES = cookies
    flow.remember(request, response)
    return response.cookies


def test_what_does_not_fit_into_a_cookie_is_reported_too() -> None:
    """Claims for claim rules are in the same cookie, and can fill it."""
    names = tuple(f"https://claims.example.com/{secrets.token_urlsafe(24)}" for number in range(60))
    flow = Flow(provider="keycloak", process=Process.SIGN_IN, next=_incompressible(), wanted=names)
    cookies = _remembered(flow, {})
    (value,) = [morsel.value for morsel in cookies.values()]
    request = HttpRequest()
    request.COOKIES = {flow.cookie: value}
    request.GET = QueryDict(urlencode({"state": flow.state}))

    assert len(value) <= LONGEST_COOKIE
    assert take_flow(request, "keycloak").next == LOST


def test_the_attempts_of_a_browser_fit_into_the_header_limits_of_proxies() -> None:
    cookies: dict[str, str] = {}
    for _ in range(3 * MOST_AT_ONCE):
        flow = Flow(provider="google", process=Process.SIGN_IN, next=_incompressible())
        for name, morsel in _remembered(flow, cookies).items():
            cookies.pop(name, None)
            if morsel.value:
                cookies[name] = morsel.value
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())

    assert 1 < len(cookies) < MOST_AT_ONCE
    assert len(sent) < 8192 + 2048


def test_an_attempt_of_another_release_is_read_as_far_as_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = Flow(provider="google", process=Process.SIGN_IN, next=NEXT)
    known = dict(vars(flow))
    monkeypatch.setattr("providers.flow.asdict", lambda _flow: {**known, "of_tomorrow": 1})
    (value,) = [morsel.value for morsel in _remembered(flow, {}).values()]
    request = HttpRequest()
    request.COOKIES = {flow.cookie: value}
    request.GET = QueryDict(urlencode({"state": flow.state}))

    assert take_flow(request, "google").next == NEXT
    with pytest.raises(SignInRefused):
        take_flow(request, "google")
