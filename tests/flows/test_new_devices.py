"""A sign-in with a browser that is new to an account is mailed to its owner; one with a known browser is not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.mailing.notice_texts import NOTICE_TEXTS, Notice
from accounts.models import Session, User
from accounts.sessions.devices import COOKIE
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.notices import promised, subjects
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
NEW = str(NOTICE_TEXTS[Notice.NEW_DEVICE].subject)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEWER_FIREFOX = FIREFOX.replace("140", "141")
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

With = Callable[[str], Browser]


@pytest.fixture
def of_kind(providers: Sandbox) -> With:
    """Open a browser of a kind."""
    return lambda agent: Browser(providers, Client(raise_request_exception=False, headers={"User-Agent": agent}))


def news() -> int:
    return subjects(ADA).count(NEW)


def test_the_first_sign_in_of_a_new_account_is_not_mailed(of_kind: With, provider: str) -> None:
    of_kind(FIREFOX).sign_in(provider, "ada")

    assert subjects(ADA) == []


def test_a_sign_in_from_another_kind_of_browser_is_mailed_with_what_it_was(of_kind: With, provider: str) -> None:
    """The kind of fault: somebody signs in from elsewhere, and the owner does not learn of it (ux A8)."""
    of_kind(FIREFOX).sign_in(provider, "ada")
    of_kind(CHROME).sign_in(provider, "ada")

    (mail,) = [mail for mail in promised() if mail.subject == NEW]
    assert mail.to == ADA
    assert "With: Chrome on Windows" in mail.text
    assert "From: 127.0.0.1" in mail.text
    assert "/accounts/lock/" in mail.text


def test_another_browser_of_a_known_kind_is_not_mailed(of_kind: With) -> None:
    """Nor is an updated browser."""
    of_kind(FIREFOX).sign_in("google", "ada")
    of_kind(NEWER_FIREFOX).sign_in("google", "ada")

    assert news() == 0


def test_a_browser_is_known_again_after_it_signed_out(of_kind: With) -> None:
    browser, other = of_kind(FIREFOX), of_kind(CHROME)
    browser.sign_in("google", "ada")
    other.sign_in("google", "ada")
    other.post("/accounts/logout/")
    browser.post("/accounts/logout/")
    assert not Session.objects.filter(user__isnull=False).exists()
    other.sign_in("google", "ada")
    browser.sign_in("google", "ada")

    assert news() == 1


def test_a_browser_without_the_cookie_is_new_after_all_sessions_have_ended(of_kind: With) -> None:
    browser = of_kind(FIREFOX)
    browser.sign_in("google", "ada")
    browser.post("/accounts/logout/")
    of_kind(FIREFOX).sign_in("google", "ada")

    assert news() == 1


def test_an_account_that_was_not_used_for_long_is_not_new(of_kind: With) -> None:
    """The trail may no longer contain its last sign-in."""
    of_kind(FIREFOX).sign_in("google", "ada")
    Session.objects.all().delete()
    User.objects.update(created_at=timezone.now() - timedelta(days=31))
    of_kind(FIREFOX).sign_in("google", "ada")

    assert news() == 1


def test_a_browser_that_knows_one_account_does_not_vouch_for_another(of_kind: With) -> None:
    shared = of_kind(CHROME)
    shared.sign_in("google", "grace")
    shared.post("/accounts/logout/")
    of_kind(FIREFOX).sign_in("google", "ada")
    shared.sign_in("google", "ada")
    shared.post("/accounts/logout/")
    shared.sign_in("google", "grace")

    assert news() == 1
    assert subjects("grace@example.com") == []


@pytest.mark.parametrize("cookie", ["", "x", "W10:1:x", '["a"]', "\xff"])
def test_a_forged_cookie_vouches_for_nothing(of_kind: With, cookie: str) -> None:
    of_kind(FIREFOX).sign_in("google", "ada")
    thief = of_kind(CHROME)
    thief.client.cookies[COOKIE] = cookie
    assert thief.sign_in("google", "ada").status_code == 302

    assert news() == 1


def test_after_a_cut_off_every_browser_is_new_again(of_kind: With) -> None:
    thief = of_kind(CHROME)
    of_kind(FIREFOX).sign_in("google", "ada")
    thief.sign_in("google", "ada")
    User.objects.update(is_active=False)
    User.objects.update(is_active=True)
    Session.objects.all().delete()
    thief.sign_in("google", "ada")

    assert news() == 2


def test_a_sign_in_that_is_refused_leaves_no_cookie_and_no_mail(of_kind: With) -> None:
    of_kind(FIREFOX).sign_in("google", "ada")
    User.objects.update(is_active=False)
    refused = of_kind(CHROME)
    refused.sign_in("google", "ada")

    assert COOKIE not in refused.client.cookies
    assert news() == 0


def test_many_sign_ins_with_new_browsers_do_not_fill_the_mailbox(of_kind: With) -> None:
    of_kind(FIREFOX).sign_in("google", "ada")
    for _ in range(8):
        Session.objects.filter(user_agent=CHROME).delete()
        of_kind(CHROME).sign_in("google", "ada")

    assert news() == 5


@pytest.mark.django_db(transaction=True)
def test_a_known_browser_costs_no_extra_statement(of_kind: With, servers: Servers) -> None:
    browser = of_kind(FIREFOX)
    browser.sign_in("google", "ada")
    browser.post("/accounts/logout/")
    with asked_of_the_database(servers) as known:
        response: Any = browser.sign_in("google", "ada")
        browser.get(response.headers["Location"])

    assert len(known.statements) <= 8, known
