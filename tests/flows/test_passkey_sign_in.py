"""Signing in with only a passkey: it opens what a local password opens, for the person who unlocks the device."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest

from accounts.models import Session, User
from accounts.sessions import SessionStore
from accounts.sign_in import login_throttle
from accounts.sign_in.factors import passkeys
from tests.flows.conftest import Browser
from tests.flows.factors import details
from tests.support.authenticator import SecurityKey

pytestmark = pytest.mark.django_db

PAGE = "/accounts/local/passkey/"
SITE = "https://id.example.com"
PASSWORD = "a lantern in the stairwell"


@pytest.fixture(autouse=True)
def _on_a_site(settings: Any, browser: Browser) -> None:
    cache.clear()
    settings.PUBLIC_URL = SITE
    settings.LOCAL_ACCOUNTS = "open"
    settings.ALLOWED_HOSTS = ["id.example.com"]
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    browser.client.defaults["HTTP_HOST"] = "id.example.com"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root", password=PASSWORD, name="Root")


def with_key(user: User) -> SecurityKey:
    key, request = SecurityKey(SITE), HttpRequest()
    request.session = SessionStore()
    passkeys.add(request, user, key.make(passkeys.begin_adding(request, user)), "My key")
    return key


def asked(browser: Browser, path: str = PAGE) -> str:
    found = re.search(r'data-options="([^"]+)"', browser.get(path).content.decode())
    assert found
    return html.unescape(found[1])


def show(browser: Browser, answer: str, path: str = PAGE) -> Any:
    return browser.post(path, {"credential": answer})


def test_an_administrator_is_signed_in_with_both_factors_and_asked_nothing_more(browser: Browser, root: User) -> None:
    key, path = with_key(root), f"{PAGE}?next=/admin/audit/entry/"
    planted = browser.client.session.session_key
    entered = show(browser, key.sign(asked(browser, path), handle=root.pk.bytes), path)

    assert (entered.status_code, entered.headers["Location"]) == (302, "/admin/audit/entry/")
    assert browser.get("/admin/").status_code == 200
    assert browser.key != planted
    assert details("sign_in.succeeded") == [{"provider": "", "steps": ["mfa"]}]
    assert details("factor.verified") == [{"kind": "webauthn"}]
    assert Session.objects.get().user == root


def test_it_signs_in_its_owner_and_nobody_else(browser: Browser, root: User) -> None:
    mallory = User.objects.create_user(username="mallory", password=PASSWORD)
    theirs = with_key(mallory)
    with_key(root)

    assert show(browser, theirs.sign(asked(browser), handle=root.pk.bytes)).status_code == 200
    assert browser.account is None
    assert details("sign_in.refused") == [{"reason": "passkey_not_verified"}]
    assert show(browser, theirs.sign(asked(browser), handle=mallory.pk.bytes)).status_code == 302
    assert browser.account == str(mallory.pk)


@pytest.mark.parametrize(
    "bent",
    [
        {"is_unlocked": False},
        {"handle": b""},
        {"handle": b"x"},
        {"handle": b"\0" * 16},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"kind": "webauthn.create"},
    ],
)
def test_without_user_verification_it_opens_nothing(browser: Browser, root: User, bent: dict[str, Any]) -> None:
    """A device without user verification is one factor, and one factor is not enough."""
    key = with_key(root)

    assert show(browser, key.sign(asked(browser), **{"handle": root.pk.bytes} | bent)).status_code == 200
    assert browser.account is None


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"response": 1}', '{"response": {"userHandle": 1}}'])
def test_garbage_opens_nothing(browser: Browser, root: User, answer: str) -> None:
    asked(browser)

    assert show(browser, answer).status_code == 200
    assert browser.account is None


def test_a_response_is_valid_once_and_in_its_own_browser(
    browser: Browser, new_browser: Callable[[], Browser], root: User
) -> None:
    key, thief = with_key(root), new_browser()
    thief.client.defaults["HTTP_HOST"] = "id.example.com"
    answer = key.sign(asked(browser), handle=root.pk.bytes)
    asked(thief)
    assert show(thief, answer).status_code == 200
    assert show(browser, answer).status_code == 302
    browser.post("/accounts/logout/")

    assert show(browser, answer).status_code == 200
    assert (browser.account, thief.account) == (None, None)


@pytest.mark.parametrize("what", ["comes through a provider only", "is switched off"])
def test_it_opens_no_account_that_a_password_would_not_open(browser: Browser, root: User, what: str) -> None:
    key = with_key(root)
    if what == "is switched off":
        User.objects.create_superuser(username="another")  # the last superuser cannot be deactivated
        User.objects.filter(pk=root.pk).update(is_active=False)
    else:
        root.set_unusable_password()
        root.save()
    refused = show(browser, key.sign(asked(browser), handle=root.pk.bytes))

    assert b"opens no account here" in refused.content
    assert browser.account is None
    assert details("sign_in.refused") == [{"reason": "passkey_alone_does_not_open_this"}]


@pytest.mark.promise(45)
def test_without_local_passwords_passkeys_are_turned_off_too(browser: Browser, root: User, settings: Any) -> None:
    key = with_key(root)
    answer = key.sign(asked(browser), handle=root.pk.bytes)
    settings.LOCAL_PASSWORDS = False

    assert browser.get(PAGE).status_code == 404
    assert show(browser, answer).status_code == 404
    assert b"Sign in with a passkey" not in browser.get("/admin/login/").content
    assert browser.account is None


@pytest.mark.promise(44)
def test_refused_ones_are_throttled(browser: Browser, root: User) -> None:
    answers = [show(browser, "{}").status_code for _ in range(login_throttle.FREE_OF_IP_ADDRESS + 3)]

    assert answers == [200] * login_throttle.FREE_OF_IP_ADDRESS + [429] * 3
    reasons = [found["reason"] for found in details("sign_in.refused")]
    assert reasons == ["passkey_not_verified"] * login_throttle.FREE_OF_IP_ADDRESS + ["throttled"]


@pytest.mark.promise(20)
@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_sent_elsewhere(browser: Browser, root: User, next_url: str) -> None:
    key, path = with_key(root), f"{PAGE}?next={next_url}"

    assert show(browser, key.sign(asked(browser, path), handle=root.pk.bytes), path).headers["Location"] == "/accounts/"


def test_under_an_ip_address_the_page_says_what_passkeys_need(browser: Browser, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:8000"

    assert b"Passkeys need a host name" in browser.get(PAGE).content


def test_a_counter_that_decreased_opens_nothing_and_is_recorded(browser: Browser, root: User) -> None:
    key = with_key(root)
    show(browser, key.sign(asked(browser), handle=root.pk.bytes, counter=9))
    browser.post("/accounts/logout/")

    assert show(browser, key.sign(asked(browser), handle=root.pk.bytes, counter=3)).status_code == 200
    assert browser.account is None
    assert details("sign_in.refused") == [{"reason": "passkey_counter_went_back"}]


@pytest.mark.parametrize("accounts", ["off", "invited", "open"])
def test_it_opens_a_local_account_only_if_people_may_have_one(browser: Browser, settings: Any, accounts: str) -> None:
    """The kind of fault: a setting turns off one method of several. Administrators keep theirs (``root`` above)."""
    settings.LOCAL_ACCOUNTS = accounts
    settings.ADMIN_NEEDS_SECOND_FACTOR = False
    member = User.objects.create_user(email="ned@example.com", email_verified=True, password=PASSWORD)
    key = with_key(member)
    answer = show(browser, key.sign(asked(browser), handle=member.pk.bytes))

    assert (answer.status_code == 302, browser.account == str(member.pk)) == (accounts != "off", accounts != "off")
    if accounts == "off":
        assert details("sign_in.refused") == [{"reason": "passkey_alone_does_not_open_this"}]


def test_an_administrator_can_sign_in_although_people_have_no_local_accounts(
    browser: Browser, root: User, settings: Any
) -> None:
    settings.LOCAL_ACCOUNTS = "off"
    key = with_key(root)

    assert show(browser, key.sign(asked(browser), handle=root.pk.bytes)).status_code == 302
    assert browser.account == str(root.pk)
