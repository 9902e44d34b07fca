"""A second factor is requested from the provider only where the person needs one."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import User
from config import second_factors
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.flows.factors import NEEDED, PROVE, add_app, details, with_words
from tests.support.memory import forget_providers

pytestmark = pytest.mark.django_db

GOLD = {"acr_values": ["gold", "silver"]}


@pytest.fixture(autouse=True)
def _gold_is_two_factors(settings: Any, providers: Sandbox) -> None:
    settings.MFA_BY_PROVIDER = second_factors.read(["keycloak:gold"])
    told = settings.SIGN_IN_PROVIDERS
    settings.SIGN_IN_PROVIDERS = told | {"keycloak": told["keycloak"] | GOLD}
    forget_providers()


def asked(location: str) -> list[str]:
    return parse_qs(urlsplit(location).query).get("acr_values", [])


@pytest.mark.promise(45)
def test_a_person_who_needs_one_is_sent_back_for_it_and_signs_in(
    browser: Browser, new_browser: Callable[[], Browser], providers: Sandbox
) -> None:
    """The kind of fault: the provider could satisfy a policy of ours, but is never asked to."""
    browser.sign_in("keycloak", "ada")
    User.objects.update(second_factor_required=True)
    returning = new_browser()
    started = returning.start("keycloak", next="/accounts/connections/")
    assert asked(started.headers["Location"]) == [], "nobody knows yet who comes"

    first = returning.get(providers.visit(started.headers["Location"], "ada"))

    assert asked(first.headers["Location"]) == ["gold silver"]
    was_in = returning.account
    assert was_in is None
    answer = returning.get(providers.visit(first.headers["Location"], "ada"))
    assert answer.headers["Location"] == "/accounts/connections/"
    assert returning.account is not None
    assert details("sign_in.succeeded")[-1]["steps"] == ["socialaccount", "socialaccount", "mfa"]


@pytest.mark.promise(45)
def test_a_person_who_returns_without_it_adds_one_here_and_is_not_sent_again(
    browser: Browser, providers: Sandbox, new_browser: Callable[[], Browser]
) -> None:
    """The kind of fault: a person is asked again and again for a step that they cannot complete."""
    with_words(providers, "keycloak", acr="1")
    browser.sign_in("keycloak", "vera")
    User.objects.update(second_factor_required=True)
    returning = new_browser()

    first = returning.sign_in("keycloak", "vera")
    second = returning.get(providers.visit(first.headers["Location"], "vera"))

    assert asked(first.headers["Location"]) == ["gold silver"]
    assert second.headers["Location"] == NEEDED
    assert returning.account is None
    assert returning.get(NEEDED).status_code == 200


@pytest.mark.promise(45)
def test_a_person_who_cancels_there_can_add_one_here(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    browser.sign_in("keycloak", "ada")
    User.objects.update(second_factor_required=True)
    returning = new_browser()
    location = returning.sign_in("keycloak", "ada").headers["Location"]

    refused = returning.get(browser.providers.visit(location, None))

    assert refused.status_code == 403
    assert returning.account is None
    assert returning.get(NEEDED).status_code == 200


@pytest.mark.promise(45)
def test_nobody_else_is_asked(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    assert browser.sign_in("keycloak", "ada").headers["Location"] == "/accounts/"
    for process in ("reauthenticate", "connect"):
        assert asked(browser.start("keycloak", process=process).headers["Location"]) == [], process
    add_app(browser)
    User.objects.update(second_factor_required=True)

    assert new_browser().sign_in("keycloak", "ada").headers["Location"] == PROVE, "they have one here"


@pytest.mark.promise(45)
def test_a_signed_in_person_who_needs_one_is_asked_for_it_at_once(browser: Browser) -> None:
    browser.sign_in("keycloak", "ada")
    User.objects.update(second_factor_required=True)

    assert asked(browser.start("keycloak", process="reauthenticate").headers["Location"]) == ["gold silver"]


@pytest.mark.parametrize("name", ["google", "microsoft", "github"])
@pytest.mark.promise(45)
def test_a_provider_without_such_values_is_not_asked(
    browser: Browser, new_browser: Callable[[], Browser], name: str
) -> None:
    browser.sign_in(name, "ada")
    User.objects.update(second_factor_required=True)

    assert new_browser().sign_in(name, "ada").headers["Location"] == NEEDED
