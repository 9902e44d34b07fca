"""People sign in through connections of the site: two of one kind, two of one issuer, beside the environment's."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.test import override_settings

from accounts.models import Identity, Session, User
from audit.models import Entry
from providers import registry
from providers.connections import directory
from providers.models import Connection, ConnectionKind
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.connections import another_sandbox, connection_to
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


def count(servers: Servers, browser: Browser, provider: str, persona: str) -> int:
    """Return how many statements a returning sign-in takes with its first page."""
    with asked_of_the_database(servers) as asked:
        response = browser.sign_in(provider, persona)
        browser.get(response.headers["Location"])
    return len(asked.statements)


def test_two_of_one_kind_lead_to_two_accounts(browser: Browser, elsewhere: Sandbox, providers: Sandbox) -> None:
    connection_to(elsewhere, slug="north", kind=ConnectionKind.KEYCLOAK, label="North")
    connection_to(elsewhere, "google", slug="south", kind=ConnectionKind.OIDC, label="South")
    there = Browser(elsewhere)

    there.sign_in("north", "ada")
    north = there.account
    Browser(elsewhere).sign_in("south", "grace")
    browser.sign_in("keycloak", "marie")

    assert sorted(Identity.objects.values_list("provider", flat=True)) == ["keycloak", "north", "south"]
    assert User.objects.count() == 3
    assert Session.objects.get(user_id=str(north)).provider == "north"
    assert Entry.objects.filter(action="sign_in.succeeded", details__provider="north").count() == 1


def test_two_of_one_issuer_lead_to_one_account(elsewhere: Sandbox, new_browser: Callable[[], Browser]) -> None:
    for slug in ("first", "second"):
        connection_to(elsewhere, slug=slug)

    accounts = []
    for slug in ("first", "second", "first"):
        browser = Browser(elsewhere)
        browser.sign_in(slug, "ada")
        accounts.append(browser.account)

    assert len(set(accounts)) == 1
    assert accounts[0]
    assert Identity.objects.get().provider == "first"


def test_it_stands_on_the_sign_in_page_while_it_is_listed_and_active(browser: Browser, elsewhere: Sandbox) -> None:
    connection = connection_to(elsewhere, slug="north", label="North & Sons")
    page = browser.get("/accounts/login/")
    assert "North &amp; Sons" in page.content.decode()
    assert elsewhere.base_url in page.headers["Content-Security-Policy"]

    for change in ({"is_listed": False}, {"is_listed": True, "is_active": False}):
        with site_context("a test"):
            for name, value in change.items():
                setattr(connection, name, value)
            connection.save()
        page = browser.get("/accounts/login/")
        assert "North" not in page.content.decode()
        assert elsewhere.base_url not in page.headers["Content-Security-Policy"]


def test_its_mark_is_a_file_that_exists(browser: Browser, elsewhere: Sandbox) -> None:
    """The kind of fault: production refuses to show a page that names a static file which does not exist."""
    connection_to(elsewhere, slug="north")

    marks = re.findall(r'class="mark" src="/static/([^"]+)"', browser.get("/accounts/login/").content.decode())

    assert len(marks) == 5
    assert all(finders.find(mark) for mark in marks)


def test_a_page_names_the_origins_of_its_own_buttons_only(browser: Browser, elsewhere: Sandbox) -> None:
    connection_to(elsewhere, slug="north")

    page = browser.get("/accounts/google/login/")

    assert elsewhere.base_url not in page.headers["Content-Security-Policy"]
    assert elsewhere.base_url in browser.get("/accounts/north/login/").headers["Content-Security-Policy"]


def test_what_is_switched_off_meanwhile_signs_nobody_in(elsewhere: Sandbox) -> None:
    connection = connection_to(elsewhere, slug="north")
    browser = Browser(elsewhere)
    callback = browser.callback_url("north", "ada")
    with site_context("a test, past every signal"):
        Connection.objects.filter(pk=connection.pk).update(is_active=False)

    assert browser.get(callback).status_code == 404
    assert not User.objects.exists()


def test_what_never_was_is_not_found(browser: Browser) -> None:
    for path in ("/accounts/nowhere/login/", "/accounts/nowhere/login/callback/?code=x&state=y"):
        assert browser.get(path).status_code == 404


def test_it_costs_no_statement_where_there_are_none_and_one_with_a_thousand(
    elsewhere: Sandbox, browser: Browser, servers: Servers
) -> None:
    browser.sign_in("keycloak", "ada")
    alone = count(servers, Browser(browser.providers), "keycloak", "ada")
    connection_to(elsewhere, slug="north")
    with site_context("a test"):
        Connection.objects.bulk_create(
            Connection(slug=f"of-{number}", kind=ConnectionKind.OIDC, label="x", issuer=f"https://{number}.example.com")
            for number in range(1000)
        )
    cache.delete(directory.KEY)  # as it expires ten seconds after the change
    for _ in range(2):
        Browser(elsewhere).sign_in("north", "linus")

    assert count(servers, Browser(browser.providers), "keycloak", "ada") == alone
    assert count(servers, Browser(elsewhere), "north", "linus") <= alone + 1


def test_a_tenant_s_connection_is_off_once_the_environment_names_its_issuer(elsewhere: Sandbox, town: Town) -> None:
    connection_to(elsewhere, slug="north", tenant=town.a.tenant)
    callback = Browser(elsewhere).callback_url("north", "ada")
    issuer = elsewhere.world.issuer(Provider.KEYCLOAK).upper().replace("HTTP", "http") + "/"
    moved = settings.SIGN_IN_PROVIDERS["google"] | {"issuer": issuer}
    with override_settings(SIGN_IN_PROVIDERS=settings.SIGN_IN_PROVIDERS | {"google": moved}):
        registry.of_environment.cache_clear()
        answers = [Browser(elsewhere).get(callback), Browser(elsewhere).start("north")]
    registry.of_environment.cache_clear()

    assert [answer.status_code for answer in answers] == [404, 404]
    assert Entry.objects.filter(action="sign_in.refused", details__reason="provider_off").count() == 2
