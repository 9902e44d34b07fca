"""A new SECRET_KEY with the former one among the fallbacks: what was made with the former one stays valid.

The kind of fault: something is derived from the newest key only, so whatever is pending or stored under a former key is
lost.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from accounts.sign_in import login_throttle
from audit.sealing.seals import seal
from foundation import encryption
from tests.audit.sealed import begin_anew, told, verify, write
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import CODES, PROVE, add_app
from tests.flows.proofs import ask_for_code, proving
from tests.support.authenticator import code
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db

NEW = "another secret key that nobody has used before, and long " * 2
ADDRESS = "/accounts/email/"


@pytest.fixture
def rotate(settings: Any) -> Callable[[], None]:
    """Change the key; the second time back again, as in a process that was started earlier."""

    def change() -> None:
        former = settings.SECRET_KEY
        newest = NEW if not settings.SECRET_KEY_FALLBACKS else settings.SECRET_KEY_FALLBACKS[0]
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = newest, [former]

    return change


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.promise(93)
def test_a_pending_attempt_succeeds(browser: Browser, provider: str, rotate: Callable[[], None], times: int) -> None:
    """Even one that returns to a process for which the newest key is still a fallback: 2 and 3."""
    for _ in range(times - 1):
        rotate()
    callback = browser.callback_url(provider, "ada")
    rotate()

    assert browser.get(callback).status_code == 302
    assert browser.account
    assert refusals() == []


@pytest.mark.promise(93)
def test_a_pending_attempt_to_connect_succeeds(browser: Browser, rotate: Callable[[], None]) -> None:
    browser.sign_in("google", "ada")
    callback = browser.callback_url("keycloak", "ada", process="connect")
    rotate()

    assert browser.get(callback).status_code == 302
    assert User.objects.get().identities.count() == 2


@pytest.mark.promise(93)
def test_an_attempt_under_a_key_that_is_gone_is_refused(
    browser: Browser, rotate: Callable[[], None], settings: Any
) -> None:
    callback = browser.callback_url("google", "ada")
    rotate()
    settings.SECRET_KEY_FALLBACKS = []

    assert browser.get(callback).status_code == 400
    assert refusals() == ["state_unknown"]


@pytest.mark.promise(93)
def test_recovery_codes_still_work_once_each(
    browser: Browser, new_browser: Callable[[], Browser], rotate: Callable[[], None], settings: Any
) -> None:
    browser.sign_in("google", "ada")
    _, codes = add_app(browser)

    def comes_in(by: str) -> bool:
        elsewhere = new_browser()
        elsewhere.sign_in("google", "ada")
        elsewhere.post(PROVE, {"code": by})
        return bool(elsewhere.account)

    rotate()
    assert [comes_in(codes[0]), comes_in(codes[0]), comes_in(codes[1])] == [True, False, True]
    assert not comes_in("2" * 10)
    settings.SECRET_KEY_FALLBACKS = []
    assert not comes_in(codes[2]), "without the key nobody can tell"


@pytest.mark.promise(93)
def test_an_app_still_works_and_new_recovery_codes_are_under_the_newest_key(
    browser: Browser, new_browser: Callable[[], Browser], rotate: Callable[[], None], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    later()
    rotate()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    elsewhere.post(PROVE, {"code": code(secret)})
    assert elsewhere.account
    assert elsewhere.post(CODES).status_code in {200, 302}


@pytest.mark.promise(93)
def test_a_mailed_code_still_works(browser: Browser, rotate: Callable[[], None]) -> None:
    browser.sign_in("google", "ada")
    mailed = ask_for_code(browser, ADDRESS)
    rotate()

    assert (
        browser.post(proving(ADDRESS), {"code": f"{(int(mailed.replace(' ', '')) + 1) % 10**8:08}"}).status_code == 200
    )
    assert browser.post(proving(ADDRESS), {"code": mailed}).status_code == 302


@pytest.mark.promise(93)
def test_a_signed_in_person_stays_signed_in(browser: Browser, rotate: Callable[[], None], settings: Any) -> None:
    """With the session key that the browser has: another request with it may be in progress."""
    browser.sign_in("google", "ada")
    before = browser.key
    rotate()
    assert browser.account
    assert browser.key == before
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.account, "what was looked at is under the newest key"


@pytest.mark.promise(93)
def test_the_first_act_afterwards_ends_the_other_sessions_and_not_its_own(
    browser: Browser, new_browser: Callable[[], Browser], rotate: Callable[[], None]
) -> None:
    other = new_browser()
    for one in (browser, other):
        one.sign_in("google", "ada")
    rotate()
    browser.post("/accounts/sessions/revoke-others/")
    assert browser.account
    assert other.account is None


@pytest.mark.promise(93)
def test_a_session_of_a_former_password_ends_whatever_the_key(browser: Browser, rotate: Callable[[], None]) -> None:
    browser.sign_in("google", "ada")
    person = User.objects.get()
    person.set_password("seven quiet lanterns")
    User.objects.filter(pk=person.pk).update(password=person.password)
    rotate()
    assert browser.account is None


@pytest.mark.promise(93)
def test_a_known_browser_stays_known_and_is_remembered_under_the_newest_key(rotate: Callable[[], None]) -> None:
    def asking(value: str) -> Any:
        request = RequestFactory().get("/")
        request.COOKIES = {login_throttle.DEVICE_COOKIE: value}
        return request

    response = HttpResponse()
    login_throttle.remember_device(RequestFactory().get("/"), response, "Root")
    known = response.cookies[login_throttle.DEVICE_COOKIE].value
    rotate()

    assert [track.kind for track in login_throttle.for_password(asking(known), "root")] == ["device"]
    assert [track.kind for track in login_throttle.for_password(asking(known), "other")] == ["account", "ip_address"]
    renewed = HttpResponse()
    login_throttle.remember_device(asking(known), renewed, "root")
    assert [
        track.kind
        for track in login_throttle.for_password(asking(renewed.cookies[login_throttle.DEVICE_COOKIE].value), "root")
    ] == ["device"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(93)
def test_sealing_continues_and_seals_are_verified(rotate: Callable[[], None], servers: Servers) -> None:
    begin_anew(servers)
    write()
    assert seal()
    rotate()
    write()
    assert seal()
    findings = verify()
    assert (told(findings), findings.unsealed) == ([], 0)


@pytest.mark.promise(93)
def test_fingerprints_name_the_newest_key_first(rotate: Callable[[], None]) -> None:
    (before,) = encryption.fingerprints("word", owner="ada", purpose="test")
    rotate()
    newest, former = encryption.fingerprints("word", owner="ada", purpose="test")
    assert former == before != newest
