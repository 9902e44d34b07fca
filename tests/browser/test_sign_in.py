"""Signing in with a real browser: by clicking, from the first page to the last, with script and without."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Domain, Tenant
from tenancy import site_context
from tests.browser.visitor import NAMES, NewVisitor, Visitor
from tests.flows.proofs import let_be_proven

pytestmark = pytest.mark.django_db(transaction=True)


def ways_in(visitor: Visitor) -> list[str]:
    return visitor.page.locator(".row-name").all_inner_texts()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_signs_in_by_clicking_and_signs_out_again(
    new_visitor: NewVisitor, provider: str, *, script: bool
) -> None:
    visitor = new_visitor(java_script_enabled=script)
    visitor.go("/")
    visitor.is_at("/accounts/login/?next=/accounts/")
    visitor.start(provider)
    visitor.choose("ada")

    visitor.is_at("/accounts/")
    visitor.reads("Ada Lovelace")
    assert ways_in(visitor) == [NAMES[provider]]
    visitor.press("Sign out")
    visitor.reads("Sign out?")
    visitor.confirm("Sign out")
    expect(visitor.page.get_by_role("status")).to_have_text("You are signed out.")
    visitor.go("/accounts/")
    visitor.is_at("/accounts/login/?next=/accounts/")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_enters_an_address_and_is_led_to_the_sign_in_of_its_domain(
    new_visitor: NewVisitor, settings: Any, *, script: bool
) -> None:
    """The kind of fault: a browser blocks the way on, because the form's policy does not list the provider."""
    settings.SIGN_IN_BY_ADDRESS = True
    with site_context("a test owns a domain"):
        Domain.objects.create(
            tenant=Tenant.objects.create(name="Harbour"), name="harbour.example", routes_to="keycloak",
            owned_since=timezone.now(),
        )  # fmt: skip
    visitor = new_visitor(java_script_enabled=script)
    visitor.go("/accounts/login/")
    visitor.page.get_by_label("E-mail address").fill("ada@harbour.example")
    visitor.press("Continue")
    visitor.choose("ada")

    visitor.is_at("/accounts/")
    assert ways_in(visitor) == [NAMES["keycloak"]]


def test_a_second_way_in_is_connected_and_disconnected_by_clicking_without_script(
    new_visitor: NewVisitor, provider: str, another: Callable[[str], str]
) -> None:
    visitor = new_visitor(java_script_enabled=False)
    second = another(provider)
    visitor.sign_in(provider, "ada")
    visitor.press("Sign-in methods")
    visitor.start(second)
    visitor.choose("ada")

    expect(visitor.page.get_by_role("status")).to_contain_text("Connected.")
    assert ways_in(visitor) == [NAMES[provider], NAMES[second]]
    let_be_proven(visitor)
    visitor.press(f"Disconnect {NAMES[provider]} ada@example.com")
    visitor.reads(f"Disconnect {NAMES[provider]}?")
    visitor.press("Disconnect")
    expect(visitor.page.get_by_role("status")).to_contain_text("Disconnected.")
    assert ways_in(visitor) == [NAMES[second]]


def test_who_turns_back_at_the_provider_is_told_so_and_can_try_again(visitor: Visitor, provider: str) -> None:
    visitor.cancel(provider)

    visitor.reads("Sign-in cancelled")
    visitor.press(f"Try again with {NAMES[provider]}")
    visitor.reads(f"Sign in with {NAMES[provider]}?")
    visitor.start(provider)
    visitor.choose("ada")
    visitor.is_at("/accounts/")


def test_who_turns_back_may_use_another_way_in(visitor: Visitor) -> None:
    visitor.cancel("google")
    visitor.press("Use another sign-in method")

    visitor.is_at("/accounts/login/")


def test_an_address_that_has_an_account_shows_the_way_to_join_the_two(visitor: Visitor, provider: str) -> None:
    old = "github" if provider == "google" else "google"
    visitor.sign_in(old, "ada")
    visitor.go("/accounts/logout/")
    visitor.confirm("Sign out")
    visitor.start(provider)
    visitor.choose("ada")

    visitor.reads("This address already has an account here")
    visitor.start(old)
    visitor.choose("ada")
    visitor.is_at("/accounts/connections/")
    let_be_proven(visitor)
    visitor.start(provider)
    visitor.choose("ada")
    expect(visitor.page.get_by_role("status")).to_contain_text("Connected.")
    assert ways_in(visitor) == [NAMES[old], NAMES[provider]]


def test_the_provider_used_last_is_offered_first_the_next_time(visitor: Visitor, provider: str) -> None:
    visitor.sign_in(provider, "ada")
    visitor.go("/accounts/logout/")
    visitor.confirm("Sign out")

    first = visitor.page.locator(".providers li").first
    expect(first).to_contain_text(f"Continue with {NAMES[provider]}")
    expect(first).to_contain_text("You used this last time.")
    expect(visitor.page.get_by_text("You used this last time.")).to_have_count(1)


def test_a_device_is_signed_out_from_another_one(new_visitor: NewVisitor) -> None:
    here, elsewhere = new_visitor(), new_visitor()
    here.sign_in("google", "ada")
    elsewhere.sign_in("google", "ada")
    here.go("/accounts/sessions/")
    expect(here.page.locator(".rows > li")).to_have_count(2)
    here.press("Sign out all other devices")

    expect(here.page.locator(".rows > li")).to_have_count(1)
    elsewhere.go("/accounts/")
    elsewhere.is_at("/accounts/login/?next=/accounts/")


def test_connecting_signs_the_other_devices_out_as_the_page_says(new_visitor: NewVisitor) -> None:
    here, elsewhere = new_visitor(), new_visitor()
    here.sign_in("google", "ada")
    elsewhere.sign_in("google", "ada")
    here.go("/accounts/connections/")
    expect(here.page.get_by_text("Your other devices will be signed out.")).to_be_visible()
    here.start("github")
    here.choose("ada")
    expect(here.page.get_by_role("status")).to_contain_text("Connected.")

    elsewhere.go("/accounts/")
    elsewhere.is_at("/accounts/login/?next=/accounts/")


def test_disconnecting_signs_the_other_devices_out_as_the_page_says(new_visitor: NewVisitor) -> None:
    here, elsewhere = new_visitor(), new_visitor()
    here.sign_in("google", "ada")
    here.connect("github", "ada")
    elsewhere.sign_in("github", "ada")
    here.go("/accounts/connections/")
    let_be_proven(here)
    here.press("Disconnect GitHub ada@example.com")
    expect(here.page.get_by_text("Your other devices are signed out.")).to_be_visible()
    here.press("Disconnect")
    expect(here.page.get_by_role("status")).to_have_text("Disconnected. Your other devices were signed out.")

    elsewhere.go("/accounts/")
    elsewhere.is_at("/accounts/login/?next=/accounts/")
    here.go("/accounts/")
    here.is_at("/accounts/")


@pytest.mark.parametrize("persona", ["bobby", "zoe", "nemo", "linus"])
def test_whatever_people_are_called_their_page_is_only_text(visitor: Visitor, persona: str) -> None:
    visitor.sign_in("keycloak", persona)

    expect(visitor.page.locator("main b")).to_have_count(0)
    expect(visitor.page.get_by_role("heading", level=1)).not_to_be_empty()
