"""The first page may ask for the address alone: the people of an owned domain are led to the sign-in that it names."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Domain
from tenancy import site_context
from tests.flows.conftest import Browser, another, refusals
from tests.flows.factors import details
from tests.support.connections import connection_to
from tests.support.memory import forget_providers
from tests.support.stopping import stopped
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db

PAGE = "/accounts/login/"
NAME = "corp.example"
ADA = f"Ada.Lovelace@{NAME}"


@pytest.fixture(autouse=True)
def _switched_on(settings: Any, providers: Any) -> None:
    cache.clear()
    settings.SIGN_IN_BY_ADDRESS = True


def own(side: Side, provider: str = "google", *, name: str = NAME, owned: bool = True) -> Domain:
    with site_context("a test owns a domain"):
        return Domain.objects.create(
            tenant=side.tenant, name=name, routes_to=provider, owned_since=timezone.now() if owned else None
        )


def led_to(answer: Any) -> str:
    """Return where the browser goes on to by itself, and check that the link of the page is the same."""
    assert answer.status_code == 200
    seconds, _, url = answer.headers["Refresh"].partition(";url=")
    assert seconds == "0"
    assert f'href="{url.replace("&", "&amp;")}"' in answer.content.decode()
    return str(url)


def given(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def plain(answer: Any, address: str) -> str:
    """Return a page without what is different each time."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    return text.replace(address, "ADDRESS")


def test_where_it_is_off_the_page_asks_for_nothing_and_takes_nothing(browser: Browser, settings: Any) -> None:
    settings.SIGN_IN_BY_ADDRESS = False

    assert 'name="email"' not in browser.get(PAGE).content.decode()
    assert browser.post(PAGE, {"email": ADA}).status_code == 405


def test_the_first_page_asks_for_the_address_alone_and_leads_to_every_other_way(browser: Browser) -> None:
    shown = browser.get(f"{PAGE}?next=/accounts/sessions/&remember=on").content.decode()

    assert 'autocomplete="username"' in shown
    assert "Continue with" not in shown
    (every_way,) = re.findall(r'href="([^"]+)">Other ways to sign in', shown)
    shown = browser.get(every_way.replace("&amp;", "&")).content.decode()
    assert shown.count("Continue with") == 4
    assert 'name="email"' in shown
    assert f"next={quote('/accounts/sessions/', safe='')}" in shown


def test_an_owned_domain_leads_to_its_provider_with_the_address_as_hint(
    browser: Browser, town: Town, provider: str
) -> None:
    own(town.a, provider)

    url = led_to(browser.post(f"{PAGE}?next=/accounts/sessions/&remember=on", {"email": f" {ADA} "}))
    assert given(url)["login" if provider == "github" else "login_hint"] == [ADA]
    back = browser.get(browser.providers.visit(url, "ada"))
    assert back.headers["Location"] == "/accounts/sessions/"
    assert browser.account is not None


def test_the_hint_goes_to_that_provider_only_and_into_no_address_of_ours(
    browser: Browser, town: Town, provider: str
) -> None:
    own(town.a, provider)
    browser.post(PAGE, {"email": ADA})
    browser.post(PAGE, {"email": "ada@elsewhere.example"})

    for one in (provider, another(provider)):
        started = browser.start(one).headers["Location"]
        assert not {"login_hint", "login"} & given(started).keys()
    url = led_to(browser.post(PAGE, {"email": ADA}))
    callback = browser.providers.visit(url, "ada")
    assert NAME not in callback


def test_what_the_person_typed_counts_more_than_what_an_app_expects(browser: Browser, town: Town) -> None:
    own(town.a)
    onward = quote(f"/oauth/authorize?client_id=x&login_hint=app%40{NAME}", safe="")

    assert f'value="app@{NAME}"' in browser.get(f"{PAGE}?next={onward}").content.decode()
    url = led_to(browser.post(f"{PAGE}?next={onward}", {"email": ADA}))
    assert given(url)["login_hint"] == [ADA]


def test_whoever_is_not_led_on_gets_one_page_for_every_domain(
    browser: Browser, town: Town, turn_off: Callable[[str], None]
) -> None:
    turn_off("keycloak")
    own(town.a, "", name="no-route.example")
    own(town.a, "google", name="claimed.example", owned=False)
    own(town.a, "keycloak", name="off.example")
    own(town.a, "unheard-of", name="gone.example")
    own(town.a, "google", name=NAME)
    names = ["unknown.example", "no-route.example", "claimed.example", "off.example", "gone.example", f"sub.{NAME}"]

    answers = {name: browser.post(PAGE, {"email": f"ada@{name}"}) for name in names}
    pages = {plain(answer, f"ada@{name}") for name, answer in answers.items()}
    assert len(pages) == 1
    assert {answer.status_code for answer in answers.values()} == {200}
    assert {"Refresh" in answer.headers for answer in answers.values()} == {False}
    (page,) = pages
    assert page.count("Continue with") == 3
    assert 'value="ADDRESS"' in page


def test_a_domain_leads_to_a_connection_of_its_own_tenant_and_of_no_other(
    browser: Browser, town: Town, turn_off: Callable[[str], None]
) -> None:
    turn_off("keycloak")  # so that its issuer can be the tenant's
    connection = connection_to(browser.providers, slug="acme", tenant=town.a.tenant)
    own(town.a, "acme")
    own(town.b, "acme", name="barn.example")

    answer = browser.post(PAGE, {"email": ADA})
    assert "You go on to Acme" in answer.content.decode()
    assert given(led_to(answer))["login_hint"] == [ADA]
    answer = browser.post(PAGE, {"email": "ada@barn.example"})
    assert "Refresh" not in answer.headers
    assert "Acme" not in answer.content.decode()
    with site_context("a test switches a connection off"):
        connection.is_active = False
        connection.save()
    assert "Refresh" not in browser.post(PAGE, {"email": ADA}).headers


def test_every_address_costs_the_same_look(browser: Browser, town: Town) -> None:
    own(town.a)
    counts = []
    for address in (ADA, "ada@unknown.example", f"ada@{'x' * 60}.example"):
        with CaptureQueriesContext(connection) as asked:
            browser.post(PAGE, {"email": address})
        counts.append(len([one for one in asked if "accounts_domain" in one["sql"]]))

    assert counts == [1, 1, 1]


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", f"@{NAME}", f"ada@{NAME}, bob@{NAME}", "ada@*.example", "ada@192.0.2.1", "x" * 300]
)
def test_what_is_no_address_is_said_on_the_same_page(browser: Browser, town: Town, typed: str) -> None:
    own(town.a)
    with CaptureQueriesContext(connection) as asked:
        answer = browser.post(PAGE, {"email": typed})

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Continue with" not in shown
    assert 'aria-invalid="true"' in shown
    assert not [one for one in asked if "accounts_domain" in one["sql"]]


def test_addresses_are_limited_for_each_network_and_for_each_address(
    browser: Browser, town: Town, settings: Any
) -> None:
    settings.RATE_LIMITS_EXEMPT = []
    own(town.a)
    for address in (ADA, "ada@unknown.example"):
        answers = [browser.post(PAGE, {"email": address}).status_code for _ in range(31)]
        assert answers == [200] * 30 + [429]
        cache.clear()
    answers = [browser.post(PAGE, {"email": f"{number}@{NAME}"}).status_code for number in range(61)]
    assert answers == [200] * 60 + [429]
    assert {found["kind"] for found in details("rate_limit.exceeded")} == {
        "sign_in_addresses.client",
        "sign_in_addresses.email",
    }


def test_no_other_site_can_post_an_address(town: Town, providers: Any) -> None:
    own(town.a)
    answer: Any = Client(enforce_csrf_checks=True).post(PAGE, {"email": ADA})

    assert answer.status_code == 403
    assert "Refresh" not in answer.headers


def test_somebody_who_is_signed_in_is_asked_nothing(browser: Browser, town: Town) -> None:
    browser.sign_in("google", "ada")
    own(town.a)

    assert browser.post(PAGE, {"email": ADA}).headers["Location"] == "/accounts/"


def test_at_another_host_name_people_are_led_to_ours_first(browser: Browser, town: Town) -> None:
    answer = browser.get(f"{PAGE}?next=/accounts/sessions/", host="localhost")

    assert answer.headers["Location"] == (
        "http://127.0.0.1:8000/accounts/login/?next=%2Faccounts%2Fsessions%2F&here=on"
    )


def test_an_app_that_names_the_provider_is_followed_without_a_question(browser: Browser) -> None:
    onward = quote("/oauth/authorize?client_id=x&idp_hint=google", safe="")

    assert browser.get(f"{PAGE}?next={onward}").headers["Location"].startswith("/accounts/google/login/?next=")


def test_a_provider_that_does_not_answer_is_refused_as_from_its_button(browser: Browser, town: Town) -> None:
    own(town.a, "keycloak")
    forget_providers()
    with stopped(browser.providers, "refuses"):
        answer = browser.post(PAGE, {"email": ADA})

    assert answer.status_code == 424
    assert "Keycloak is not answering" in answer.content.decode()
    assert refusals() == ["provider_unreachable"]
