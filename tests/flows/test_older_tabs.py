"""A page from before the person signed in with another tab is not a dead end.

The kind of fault: signing in rotates the CSRF secret, so every form of an older page is refused with the message for
an attack, although nobody attacks and nothing is left to do.
"""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Session, User
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, another

pytestmark = pytest.mark.django_db

NEXT = "/accounts/sessions/"


@pytest.fixture
def browser(providers: Sandbox) -> Browser:
    return Browser(providers, Client(enforce_csrf_checks=True, raise_request_exception=False))


def proof_in(page: Any) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.content)
    assert found
    return found.group(1).decode()


def press(browser: Browser, path: str, proof: str, **form: str) -> Any:
    return browser.post(path, {"csrfmiddlewaretoken": proof, **form})


def come_in(browser: Browser, provider: str = "google", persona: str = "ada") -> None:
    """Sign in with a new tab."""
    page = browser.get(f"/accounts/{provider}/login/")
    started = press(browser, f"/accounts/{provider}/login/", proof_in(page))
    assert browser.get(browser.providers.visit(started.headers["Location"], persona)).status_code == 302


def test_the_button_of_an_older_sign_in_page_redirects_a_signed_in_person(browser: Browser, provider: str) -> None:
    old = proof_in(browser.get(f"/accounts/login/?next={NEXT}"))
    come_in(browser)
    signed_in = browser.account

    onward = press(browser, f"/accounts/{provider}/login/?next={NEXT}", old)
    assert (onward.status_code, onward.headers["Location"]) == (302, NEXT)
    assert press(browser, f"/accounts/{provider}/login/", old).headers["Location"] == "/accounts/"
    for foreign in ("https://evil.example/", "//evil.example"):
        sent = press(browser, f"/accounts/{provider}/login/?next={foreign}", old)
        assert sent.headers["Location"] == "/accounts/"
    assert browser.account == signed_in
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        (f"/accounts/local/login/?next={NEXT}", NEXT),
        ("/accounts/local/login/", "/accounts/"),
        (f"/accounts/local/passkey/?next={NEXT}", NEXT),
        ("/accounts/register/", "/accounts/"),
        ("/accounts/second-factor/verify/", "/accounts/"),
        ("/admin/login/?next=/admin/accounts/user/", "/admin/accounts/user/"),
        ("/admin/login/", "/admin/"),
    ],
)
def test_so_does_every_other_sign_in_form(browser: Browser, settings: Any, path: str, onward: str) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    old = proof_in(browser.get("/accounts/login/"))
    come_in(browser)
    came = press(browser, path, old, name="ada", password="wrong")

    assert came.status_code == 302
    landed = came.headers["Location"]
    if landed == path:  # the page itself redirects a person who is signed in
        landed = browser.get(path).headers["Location"]
    assert landed == onward


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/accounts/sessions/revoke-others/", "/accounts/sessions/"),
        ("/accounts/sessions/x/revoke/", "/accounts/sessions/"),
        ("/accounts/logout/", ""),
        ("/accounts/lock/", ""),
        ("/accounts/organizations/primary/", "/accounts/organizations/"),
        ("/accounts/github/login/?process=connect", "/accounts/reauthenticate/"),
    ],
)
def test_another_button_explains_why_it_had_no_effect_and_links_to_its_page(
    browser: Browser, path: str, leads_to: str
) -> None:
    come_in(browser)
    old = proof_in(browser.get("/accounts/logout/"))
    come_in(browser)
    refused = press(browser, path, old)

    assert refused.status_code == 403
    assert b"You signed in since this page was opened" in refused.content
    assert b"too long" not in refused.content
    assert b"Reload the page" in refused.content
    anew = browser.get(path)
    assert anew.status_code == (302 if leads_to else 200)
    assert anew.headers.get("Location", "").partition("?")[0] == leads_to
    assert browser.account is not None


def test_a_visitors_old_page_and_another_sites_form_are_refused_as_before(browser: Browser) -> None:
    browser.get("/accounts/login/")
    stale = press(browser, "/accounts/google/login/", "a" * 64)
    assert stale.status_code == 403
    assert b"This page has expired" in stale.content

    come_in(browser)
    forged: Any = browser.client.post("/accounts/google/login/", headers={"origin": "https://evil.example"})
    assert forged.status_code == 403
    assert press(browser, "/accounts/google/login/", "").status_code == 403


def test_a_person_who_signed_out_meanwhile_gets_the_page_and_can_continue(browser: Browser, provider: str) -> None:
    old = proof_in(browser.get("/accounts/login/"))
    come_in(browser, provider)
    Session.objects.all().delete()
    stale = press(browser, f"/accounts/{provider}/login/?next={NEXT}", old)

    assert stale.status_code == 403
    page = browser.get(f"/accounts/{provider}/login/?next={NEXT}")  # the page reloaded
    started = press(browser, f"/accounts/{provider}/login/?next={NEXT}", proof_in(page))
    came = browser.get(browser.providers.visit(started.headers["Location"], "ada"))
    assert came.headers["Location"] == NEXT


@pytest.mark.parametrize("process", ["connect", "reauthenticate"])
def test_a_button_to_connect_of_an_ended_session_opens_no_other_account(
    browser: Browser, provider: str, process: str
) -> None:
    """The kind of fault: after its session, a button does something other than its label."""
    come_in(browser, provider)
    proof = proof_in(browser.get("/accounts/connections/"))
    Session.objects.all().delete()
    path = f"/accounts/{another(provider)}/login/?process={process}"
    pressed = press(browser, path, proof)

    assert pressed.headers["Location"] == "/accounts/login/?next=/accounts/connections/"
    assert User.objects.count() == 1
