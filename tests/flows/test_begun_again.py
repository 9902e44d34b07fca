"""A person who must start again still reaches their destination.

The kind of fault: a page redirects a person to the start, or to a page in between, and loses their destination: a
sign-in that was ended while it waited for its second factor, one that waited too long, a sign-out at the provider on
the way to another account, a link to another sign-in method, a mail that must be opened first.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.test import RequestFactory
from django.views.defaults import permission_denied

from accounts.models import Session, User
from accounts.sessions import SessionRevocationReason, revoke_all_sessions
from accounts.sign_in.factors.passkey_site import site
from accounts.sign_in.local.registration import open_local_account
from foundation.next_page import COOKIE, LONGEST, as_cookie, from_cookie
from sandbox.server import Sandbox
from sandbox.visitor import Visitor
from tests.flows.conftest import Browser, another
from tests.flows.factors import APP, NEEDED, PASSKEY, PROVE, add_app
from tests.flows.proofs import let_be_proven
from tests.flows.test_keeping_the_way import NEXT, finish
from tests.flows.test_local_accounts import ANOTHER, FORGOTTEN, NORA, PASSWORD, REGISTER, SIGN_IN
from tests.flows.ticks import boxes_on, the_other_way
from tests.support.authenticator import code, secret_on
from tests.support.page_messages import messages_of
from tests.support.post import Post

pytestmark = pytest.mark.django_db

EVIL = "https://evil.example/"
SIGNED_OUT_THERE = "/accounts/keycloak/logout/callback/"
DOORS = re.compile(
    r"/accounts/(login|local/\w+|register|second-factor/(verify|required|authenticator|passkey)|connections|reauthenticate|\w+/login)/\Z"
)


def told(response: Any) -> tuple[str, dict[str, str]]:
    """The path and the parameters of a redirect."""
    assert response.status_code == 302, response.content
    parts = urlsplit(response.headers["Location"])
    return parts.path, {name: value for name, (value,) in parse_qs(parts.query).items()}


def with_next(path: str, next_url: str = NEXT, **more: str) -> str:
    return f"{path}?{urlencode({'next': next_url, **more})}"


def doors_on(page: Any) -> dict[str, str]:
    """The sign-in methods that a page has links or buttons for, each with its destination."""
    found = [unescape(url) for url in re.findall(r'(?:href|action)="(/[^"]*)"', page.content.decode())]
    found += [f"{path}?{urlencode(fields)}" for path, fields in boxes_on(page)]
    parts = [urlsplit(url) for url in found]
    return {part.path: parse_qs(part.query).get("next", [""])[0] for part in parts if DOORS.match(part.path)}


# Sign-ins that wait for their second factor


def everywhere(owner: Browser) -> None:
    assert owner.post("/accounts/sessions/revoke-others/").status_code == 302


def by_an_administrator(_owner: Browser) -> None:
    revoke_all_sessions([User.objects.get().pk], reason=SessionRevocationReason.ADMINISTRATOR)


def by_a_new_password(_owner: Browser) -> None:
    User.objects.update(password="another")


@pytest.mark.parametrize("end", [everywhere, by_an_administrator, by_a_new_password])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_sign_in_that_was_ended_while_it_waited_keeps_its_destination(
    browser: Browser,
    new_browser: Callable[[], Browser],
    provider: str,
    later: Callable[..., None],
    end: Callable[[Browser], None],
    method: str,
) -> None:
    browser.sign_in(provider, "ada")
    secret, _ = add_app(browser)
    later()
    late = new_browser()
    asked = late.sign_in(provider, "ada", next=NEXT, remember="on")
    assert told(asked) == (PROVE, {"next": NEXT, "remember": "on"})
    end(browser)
    page = asked.headers["Location"]
    ended = late.get(page) if method == "get" else late.post(page, {"code": code(secret)})

    assert told(ended) == ("/accounts/login/", {"next": NEXT, "remember": "on"})
    shown = late.get(ended.headers["Location"])
    assert b"You are not signed in." in shown.content
    start = with_next(f"/accounts/{provider}/login/", remember="on")
    assert f'action="{start}"'.replace("&", "&amp;").encode() in shown.content
    again = finish(late, start)
    assert told(again) == (PROVE, {"next": NEXT, "remember": "on"})
    assert late.post(again.headers["Location"], {"code": code(secret)}).headers["Location"] == NEXT
    assert late.account == str(User.objects.get().pk)


@pytest.mark.parametrize("minutes", [16, 50])
@pytest.mark.parametrize("is_gone", [True, False])
def test_one_that_waited_too_long_says_so_and_keeps_its_destination(
    browser: Browser, new_browser: Callable[[], Browser], time_machine: Any, minutes: int, *, is_gone: bool
) -> None:
    """``is_gone``: its row was purged, so nothing is left of the sign-in."""
    browser.sign_in("keycloak", "ada")
    secret, _ = add_app(browser)
    late = new_browser()
    page = late.sign_in("keycloak", "ada", next=NEXT).headers["Location"]
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=minutes))
    if is_gone:
        Session.objects.all().delete()
    answers = [late.get(page), late.post(page, {"code": code(secret)})]

    for answer in answers:
        assert told(answer) == ("/accounts/login/", {"next": NEXT})
    assert b"Nothing waits for your second factor here any more" in late.get(answers[0].headers["Location"]).content
    again = finish(late, with_next("/accounts/keycloak/login/"))
    assert late.post(again.headers["Location"], {"code": code(secret)}).headers["Location"] == NEXT


@pytest.mark.parametrize("how", ["ended", "too long", "goes on"])
@pytest.mark.parametrize("page", [NEEDED, APP, PASSKEY])
def test_so_does_one_of_a_person_who_must_add_a_factor_first(
    browser: Browser, time_machine: Any, settings: Any, page: str, how: str
) -> None:
    browser.sign_in("keycloak", "ada")
    browser.post("/accounts/logout/")
    User.objects.update(second_factor_required=True)
    asked = browser.sign_in("keycloak", "ada", next=NEXT)
    assert told(asked) == (NEEDED, {"next": NEXT})
    if how == "ended":
        revoke_all_sessions([User.objects.get().pk], reason=SessionRevocationReason.ADMINISTRATOR)
    if how == "too long":
        time_machine.move_to(datetime.now(UTC) + timedelta(minutes=16))
    settings.PUBLIC_URL = "http://localhost:8000"  # passkeys need a host name
    answer = browser.get(with_next(page))

    if how == "goes on":
        assert site()
        assert answer.status_code == 200
        assert set(doors_on(answer).values()) <= {NEXT}
        shown = browser.get(with_next(APP))
        assert doors_on(shown)[APP] == doors_on(shown)[NEEDED] == NEXT
        added = browser.post(with_next(APP), {"code": code(secret_on(shown.content))})
        assert f'href="{NEXT}"'.replace("&", "&amp;").encode() in added.content
    else:
        why = "your account was locked" if how == "ended" else "Nothing waits for your second factor"
        assert told(answer) == ("/accounts/login/", {"next": NEXT})
        assert why in messages_of(answer)[-1]


def test_nothing_leads_to_another_site_by_these_pages(browser: Browser) -> None:
    for page in (PROVE, NEEDED, APP, PASSKEY):
        for evil in (EVIL, "//evil.example", "/\\evil.example", "/a" * LONGEST):
            answer = browser.get(with_next(page, evil))
            assert told(answer)[0] == "/accounts/login/"
            assert "evil" not in answer.headers["Location"]
    browser.sign_in("keycloak", "ada")
    let_be_proven(browser)
    secret = secret_on(browser.get(with_next(APP, EVIL)).content)
    assert b"evil" not in browser.post(with_next(APP, EVIL), {"code": code(secret)}).content


# Sign-outs on the way to another account


@pytest.mark.parametrize("next_url", [NEXT, "/accounts/links/a%2Cb;c/?\"'(ü)".replace("ü", "%C3%BC"), ""])
@pytest.mark.parametrize("account", ["another", ""])
def test_a_sign_out_at_the_provider_returns_to_the_choice_of_another_account(
    browser: Browser, next_url: str, account: str
) -> None:
    browser.sign_in("keycloak", "ada")
    way = {name: value for name, value in {"next": next_url, "account": account}.items() if value}
    page = browser.get(f"/accounts/logout/?{urlencode(way)}")
    chosen = the_other_way(page)
    assert "there_too=on" in chosen
    sent = browser.post(chosen)
    if next_url:
        assert quote(next_url) not in sent.headers["Location"], "the provider is not told"
    back = urlsplit(Visitor().open(sent.headers["Location"]).location)
    answer = browser.get(f"{back.path}?{back.query}")

    assert told(answer) == ("/accounts/login/", way)
    assert messages_of(answer) == ["You are signed out, at Keycloak too."]
    assert answer.cookies["sign_out"].value == ""


def test_only_the_browser_that_was_sent_there_is_redirected_and_only_to_us(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    browser.sign_in("keycloak", "ada")
    sent = browser.post(f"/accounts/logout/?{urlencode({'next': NEXT, 'there_too': 'on'})}")
    back = f"{SIGNED_OUT_THERE}?state={parse_qs(urlsplit(sent.headers['Location']).query)['state'][0]}"
    state, _, _ = browser.client.cookies["sign_out"].value.partition("~")

    assert new_browser().get(back).headers["Location"] == "/accounts/login/"
    for planted in ("", "~", "~~", f"~another~{EVIL}", "~x~//evil.example", "~~%2F%2Fevil.example", "~~%", "~~/a\x7f"):
        browser.client.cookies["sign_out"] = state + planted
        answer = browser.get(back)
        path, way = told(answer)
        assert path == "/accounts/login/"
        assert way.keys() <= {"account"}
        assert messages_of(answer)[-1] == "You are signed out, at Keycloak too."


@pytest.mark.parametrize("sign", ["a", "%", "&", '"', ";", ",", "="])
def test_what_does_not_fit_into_a_cookie_is_reported_on_the_page(sign: str) -> None:
    next_url = "/" + sign * (LONGEST - 1)
    kept = as_cookie(next_url)

    assert re.fullmatch(r"[!#-+\--:<-\[\]-~]*", kept), "what RFC 6265, section 4.1.1, lets a value have"
    assert len(kept) <= 3584
    assert from_cookie(kept) == (next_url if sign in "a&=" else "/accounts/?next_too_long")
    assert from_cookie(as_cookie(next_url[:600])) == next_url[:600]


# Pages in between


@pytest.mark.parametrize(
    "page",
    [
        "/accounts/login/",
        SIGN_IN,
        REGISTER,
        FORGOTTEN,
        "/accounts/local/passkey/",
        "/accounts/google/login/",
        "/accounts/keycloak/login/",
    ],
)
def test_every_page_of_a_sign_in_links_to_the_others_with_the_destination(
    browser: Browser, settings: Any, providers: Sandbox, page: str
) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    doors = doors_on(browser.get(with_next(page)))

    assert doors
    assert set(doors.values()) == {NEXT}, doors


@pytest.mark.parametrize("provider", ["google"])
def test_so_does_every_refusal(browser: Browser, settings: Any, provider: str) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    cancelled = browser.get(browser.callback_url(provider, None, next=NEXT))
    assert set(doors_on(cancelled).values()) == {NEXT}

    browser.sign_in(provider, "ada")
    refused = browser.get(browser.callback_url(provider, None, next="/accounts/email/", process="reauthenticate"))
    assert doors_on(refused)["/accounts/reauthenticate/"] == "/accounts/email/"


def test_a_person_who_connects_two_methods_after_a_clash_reaches_their_destination(
    browser: Browser, new_browser: Callable[[], Browser], provider: str
) -> None:
    browser.sign_in(provider, "ada")
    elsewhere = new_browser()
    clash = elsewhere.sign_in(another(provider), "ada", next=NEXT)
    offered = re.search(rf'action="(/accounts/{provider}/login/[^"]*)"', clash.content.decode())
    assert offered
    started = elsewhere.post(unescape(offered.group(1)))
    came = elsewhere.get(elsewhere.providers.visit(started.headers["Location"], "ada"))
    page = elsewhere.get(came.headers["Location"])

    assert told(came) == ("/accounts/connections/", {"next": NEXT})
    assert f'href="{NEXT}"'.replace("&", "&amp;").encode() in page.content
    let_be_proven(elsewhere)
    connect = re.search(rf'action="(/accounts/{another(provider)}/login/[^"]*)"', page.content.decode())
    assert connect
    started = elsewhere.post(unescape(connect.group(1)))
    joined = elsewhere.get(elsewhere.providers.visit(started.headers["Location"], "ada"))
    assert joined.headers["Location"] == NEXT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_same_browser", [True, False])
def test_a_mail_that_is_opened_in_its_own_browser_leads_to_the_destination(
    browser: Browser, new_browser: Callable[[], Browser], settings: Any, post: Post, *, is_same_browser: bool
) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    asked = browser.post(with_next(REGISTER), {"email": NORA})
    assert doors_on(asked) == {"/accounts/login/": NEXT}
    assert NEXT not in str(post.to(NORA).body)
    opens = browser if is_same_browser else new_browser()
    opened = opens.post(post.link(NORA), {"name": "Nora", "password": PASSWORD})
    assert opened.headers["Location"] == (NEXT if is_same_browser else "/accounts/")

    opens.post("/accounts/logout/")
    browser.post(with_next(FORGOTTEN), {"email": NORA})
    chosen = opens.post(post.link(NORA), {"password": ANOTHER})
    way = {"next": NEXT} if is_same_browser else {}
    assert told(chosen) == ("/accounts/login/", way)
    assert "Your new password is set" in messages_of(chosen)[-1]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_a_neighbouring_host_plants_there_leads_nowhere_else(browser: Browser, settings: Any, post: Post) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    open_local_account(NORA, "Nora", PASSWORD)
    for planted in (EVIL, "//evil.example", "%2F%2Fevil.example", "/\\evil", "/" + "a" * LONGEST, "%00", ""):
        browser.post(FORGOTTEN, {"email": NORA})
        browser.client.cookies[COOKIE] = planted
        assert told(browser.post(post.link(NORA), {"password": ANOTHER}))[1] == {}
        User.objects.update(password="x")


def test_a_switch_of_organization_survives_the_end_of_the_session(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    path = with_next("/accounts/organizations/switch/")
    Session.objects.all().delete()
    sent = browser.post(path, {"organization": "x"})
    came = finish(browser, f"/accounts/keycloak/login/?{urlsplit(sent.headers['Location']).query}")

    assert came.headers["Location"] == path
    assert told(browser.get(path)) == ("/accounts/organizations/", {"next": NEXT})
    refused = browser.post(path, {"organization": "x"})
    assert f'href="{with_next("/accounts/organizations/")}"'.replace("&", "&amp;").encode() in refused.content


def test_a_page_that_is_not_open_to_an_account_offers_it_to_another_one(browser: Browser) -> None:
    request = RequestFactory().get("/admin/accounts/user/?q=a&b=c")
    page = permission_denied(request, PermissionError()).content.decode()
    (link,) = re.findall(r'href="(/accounts/logout/[^"]*)"', page)
    browser.sign_in("keycloak", "ada")
    signed_out = browser.post(unescape(link))

    assert told(signed_out)[1] == {
        "next": "/admin/accounts/user/?q=a&b=c",
        "account": "another",
    }


@pytest.mark.parametrize("accounts", ["off", "open"])
def test_an_administrator_finds_the_password_form_again(browser: Browser, settings: Any, accounts: str) -> None:
    settings.LOCAL_ACCOUNTS = accounts
    page = browser.get(with_next("/accounts/login/", "/admin/accounts/user/"))
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', page.content.decode())]

    assert (with_next("/admin/login/", "/admin/accounts/user/") in links) is (accounts == "off")
    elsewhere = browser.get(with_next("/accounts/login/")).content
    assert b"/admin/login/" not in elsewhere
