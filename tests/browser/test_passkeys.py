"""Passkeys in a real browser, with an authenticator that Chromium itself plays: on `localhost`, over plain http."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from accounts.models import User
from tests.browser.visitor import NewVisitor, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Finger:
    """What the person holds on to; the browser asks it through Chrome's protocol for tests."""

    session: CDPSession
    id: str

    def forget_everything(self) -> None:
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def take_over(self, other: "Finger") -> None:
        """Hold what another device holds, as passkeys that are shared between devices."""
        for credential in other.credentials():
            self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})


def finger_of(visitor: Visitor) -> Finger:
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return Finger(session, added["authenticatorId"])


def add_passkey(visitor: Visitor) -> None:
    visitor.go("/accounts/second-factor/")
    visitor.press("Add a passkey")
    visitor.page.get_by_label("What to call it").fill("My phone")
    visitor.press("Add a passkey")
    visitor.reads("Save your recovery codes")
    visitor.press("I have saved them")
    expect(visitor.page.locator(".row-name").first).to_have_text("My phone")


def test_a_passkey_is_added_and_asked_for_at_the_next_sign_in(new_visitor: NewVisitor, provider: str) -> None:
    here, elsewhere = new_visitor(), new_visitor()
    here.comes_from(provider, "ada")
    mine = finger_of(here)
    add_passkey(here)
    finger_of(elsewhere).take_over(mine)
    elsewhere.go("/accounts/login/")
    elsewhere.start(provider)
    elsewhere.choose("ada")

    elsewhere.reads("Second step")
    elsewhere.press("Use a passkey")
    elsewhere.is_at("/accounts/")
    elsewhere.reads("Ada Lovelace")


def test_a_device_without_the_passkey_says_so_and_a_recovery_code_helps(new_visitor: NewVisitor) -> None:
    visitor = new_visitor()
    visitor.comes_from("google", "ada")
    finger = finger_of(visitor)
    visitor.go("/accounts/second-factor/passkey/")
    visitor.press("Add a passkey")
    visitor.reads("Save your recovery codes")
    code = visitor.page.locator(".codes code").nth(2).inner_text()
    finger.forget_everything()
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("google")
    visitor.choose("ada")
    visitor.press("Use a passkey")

    expect(visitor.page.get_by_role("alert")).to_have_text(
        "The passkey was not used. Try again, or show something else."
    )
    visitor.page.get_by_text("Use a recovery code").click()
    visitor.page.get_by_label("Recovery code").fill(code)
    visitor.press("Use this code")
    visitor.is_at("/accounts/")


def test_recovery_codes_can_be_taken_along_as_a_file(visitor: Visitor) -> None:
    visitor.comes_from("google", "ada")
    finger_of(visitor)
    visitor.go("/accounts/second-factor/passkey/")
    visitor.press("Add a passkey")
    with visitor.page.expect_download() as downloading:
        visitor.press("Download")

    kept = downloading.value.path().read_text().split()
    assert downloading.value.suggested_filename == "recovery-codes.txt"
    assert kept == visitor.page.locator(".codes code").all_inner_texts()


@pytest.mark.promise(45)
def test_an_administrator_adds_a_passkey_on_the_way_in(visitor: Visitor, settings: Any) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    User.objects.create_superuser(username="root", password="a lantern in the stairwell", name="Root")
    finger_of(visitor)

    def enter() -> None:
        visitor.go("/admin/")
        visitor.page.get_by_label("Username").fill("root")
        visitor.page.get_by_label("Password").fill("a lantern in the stairwell")
        visitor.press("Sign in")

    enter()
    visitor.reads("Add a second factor first")
    visitor.press("Add a passkey")
    visitor.reads("Add a passkey")  # the page before has a link of the same name
    visitor.press("Add a passkey")
    visitor.press("I have saved them")
    visitor.is_at("/admin/")
    visitor.press("Sign out")
    enter()
    visitor.reads("Second step")
    visitor.press("Use a passkey")
    visitor.is_at("/admin/")


@pytest.mark.promise(45)
def test_an_administrator_comes_in_by_a_passkey_alone(visitor: Visitor, settings: Any) -> None:
    """Without a name and a password, and no further question: the device was unlocked for it."""
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    User.objects.create_superuser(username="root", password="a lantern in the stairwell", name="Root")
    finger_of(visitor)
    visitor.go("/admin/")
    visitor.page.get_by_label("Username").fill("root")
    visitor.page.get_by_label("Password").fill("a lantern in the stairwell")
    visitor.press("Sign in")
    visitor.press("Add a passkey")
    visitor.reads("Add a passkey")  # the page before has a link of the same name
    visitor.press("Add a passkey")
    visitor.press("I have saved them")
    visitor.press("Sign out")

    visitor.go("/admin/accounts/user/")
    visitor.press("Sign in with a passkey")
    visitor.page.get_by_role("button", name="Use a passkey").press("Enter")
    visitor.is_at("/admin/accounts/user/")


def test_a_passkey_shows_again_that_it_is_them(visitor: Visitor, time_machine: Any) -> None:
    visitor.comes_from("github", "ada")
    finger_of(visitor)
    add_passkey(visitor)
    visitor.go("/accounts/reauthenticate/?next=/accounts/sessions/")
    visitor.press("Use a passkey")

    visitor.is_at("/accounts/sessions/")


def test_under_an_ip_address_the_page_says_what_passkeys_need(
    visitor: Visitor, settings: Any, is_at_an_address: Callable[[], None]
) -> None:
    visitor.comes_from("google", "ada")
    is_at_an_address()
    visitor.go("/accounts/second-factor/passkey/")

    expect(visitor.page.get_by_text(re.compile("Browsers keep passkeys for host names only"))).to_be_visible()
    visitor.press("Choose another one")
    visitor.is_at("/accounts/second-factor/")


@pytest.fixture
def is_at_an_address(settings: Any) -> Callable[[], None]:
    def change() -> None:
        settings.PUBLIC_URL = settings.PUBLIC_URL.replace("localhost", "127.0.0.1")

    return change


def test_without_script_the_page_says_what_passkeys_need(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(java_script_enabled=False)
    visitor.comes_from("google", "ada")
    visitor.go("/accounts/second-factor/passkey/")

    expect(visitor.page.get_by_text("Passkeys need JavaScript.")).to_be_visible()
