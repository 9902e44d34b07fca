"""A new phone: the new authenticator app replaces the old one, and the account always has a factor."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator

from accounts.models import User
from audit.models import Entry
from tests.flows.conftest import Browser
from tests.flows.factors import APP, LIST, PROVE, add_app, details
from tests.support.authenticator import code, secret_on

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["must have one", "may have one"])
def test_an_app_is_replaced_after_a_right_code_of_the_new_one(
    browser: Browser, new_browser: Callable[[], Browser], provider: str, who: str, later: Callable[..., None]
) -> None:
    """The kind of fault: each of two pages requires the other one first (ux A4)."""
    browser.sign_in(provider, "ada")
    old, codes = add_app(browser)
    User.objects.update(second_factor_required=who == "must have one")
    assert f'href="{APP}">Replace' in browser.get(LIST).content.decode()
    page = browser.get(APP)
    assert b"Replace your authenticator app" in page.content
    new = secret_on(page.content)
    assert new != old

    assert b"That code is wrong or has expired" in browser.post(APP, {"code": "000000"}).content
    (kept,) = Authenticator.objects.filter(type="totp")
    answer = browser.post(APP, {"code": code(new)})

    assert answer.headers["Location"] == LIST
    assert b"Replaced." in browser.get(answer.headers["Location"]).content
    (app,) = Authenticator.objects.filter(type="totp")
    assert app.pk != kept.pk
    assert details("factor.replaced") == [{"kind": "totp"}]
    assert details("factor.removed") == []
    later()
    after = new_browser()
    after.sign_in(provider, "ada")
    assert after.post(PROVE, {"code": code(old)}).status_code == 200
    assert after.post(PROVE, {"code": code(new)}).status_code == 302
    recovered = new_browser()
    recovered.sign_in(provider, "ada")
    assert recovered.post(PROVE, {"code": codes[0]}).status_code == 302, "recovery codes stay"


def test_replacing_ends_the_other_sessions_and_requires_reauthentication(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    old, _ = add_app(browser)
    later()
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    elsewhere.post(PROVE, {"code": code(old)})
    new = secret_on(browser.get(APP).content)
    browser.post(APP, {"code": code(new)})
    assert (elsewhere.account, browser.account is None) == (None, False)

    later(minutes=11)
    assert browser.get(APP).headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert browser.post(APP, {"code": code(new)}).headers["Location"].startswith("/accounts/reauthenticate/?next=")


def test_the_first_step_alone_cannot_replace_an_app(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    """The kind of fault: adding a factor bypasses the existing one."""
    browser.sign_in("google", "ada")
    add_app(browser)
    thief = new_browser()
    thief.sign_in("google", "ada")
    before = list(Authenticator.objects.values_list("pk", flat=True))

    assert thief.get(APP).headers["Location"] == PROVE
    assert thief.post(APP, {"code": "123456"}).headers["Location"] == PROVE
    assert list(Authenticator.objects.values_list("pk", flat=True)) == before


def test_an_old_app_that_was_removed_meanwhile_leaves_one_that_is_added(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    add_app(browser)
    new = secret_on(browser.get(APP).content)
    Authenticator.objects.filter(type="totp").delete()
    browser.post(APP, {"code": code(new)})

    assert Authenticator.objects.filter(type="totp").count() == 1
    assert details("factor.replaced") == []
    assert Entry.objects.filter(action="factor.added").count() == 3  # app and codes, then the new app
