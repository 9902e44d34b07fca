"""The cost of a sign-in: statements and calls, counted by the database and the providers."""

from collections.abc import Callable

import pytest
import redis

from accounts.models import Membership, Role, Tenant, User
from sandbox.providers import OPENID_PROVIDERS
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_returning_sign_in_takes_at_most_ten_statements(browser: Browser, servers: Servers, provider: str) -> None:
    browser.sign_in(provider, "ada")

    with asked_of_the_database(servers) as asked:
        returning = Browser(browser.providers)
        response = returning.sign_in(provider, "ada")
        returning.get(response.headers["Location"])

    assert 5 <= len(asked.statements) <= 10, asked


def test_the_account_s_page_needs_one_statement(browser: Browser, servers: Servers) -> None:
    browser.sign_in("google", "ada")

    with asked_of_the_database(servers) as asked:
        browser.get("/accounts/")

    assert len(asked.statements) == 1, asked


@pytest.mark.parametrize(("path", "statements"), [("/accounts/", 1), ("/api/v1/me", 1), ("/accounts/sessions/", 2)])
def test_reading_the_session_costs_one_statement_and_no_call_to_redis(
    browser: Browser, servers: Servers, path: str, statements: int
) -> None:
    browser.sign_in("google", "ada")
    browser.get(path)
    with redis.Redis.from_url(servers.valkey.url) as valkey, asked_of_the_database(servers) as asked:
        before = commands(valkey)
        assert browser.get(path).status_code == 200
        after = commands(valkey)

    assert after - before == 1, "the count itself"
    assert len(asked.statements) == statements, asked


def commands(valkey: redis.Redis) -> int:
    counted: int = valkey.info("stats")["total_commands_processed"]
    return counted


def test_the_menu_of_organizations_costs_one_statement_and_only_those_who_have_a_choice(
    browser: Browser, servers: Servers
) -> None:
    browser.sign_in("google", "ada")
    with site_context("a test lets somebody belong to tenants"):
        role, ada = Role.objects.get(name="member"), User.objects.get()
        for name in ("Abbey", "Barn"):
            Membership.objects.create(user=ada, tenant=Tenant.objects.create(name=name), role=role)

    with asked_of_the_database(servers) as both:
        assert browser.get("/accounts/").content.count(b"Abbey") > 1
    with site_context("a test lets them leave one"):
        Membership.objects.filter(tenant__name="Barn").delete()
    with asked_of_the_database(servers) as one:
        assert b"Abbey" in browser.get("/accounts/").content

    assert (len(both.statements), len(one.statements)) == (2, 1), both


def test_a_returning_sign_in_goes_upstream_once(browser: Browser, providers: Sandbox, provider: str) -> None:
    browser.sign_in(provider, "ada")
    providers.forget_requests()

    Browser(providers).sign_in(provider, "ada")

    ours = {name: count for name, count in providers.counts(provider).items() if name not in {"authorize", "choose"}}
    assert ours == ({"token": 1, "user": 1, "emails": 1} if provider == "github" else {"token": 1})


@pytest.mark.promise(11)
@pytest.mark.parametrize("speaking_oidc", [str(name) for name in OPENID_PROVIDERS])
@pytest.mark.parametrize(("fault", "times", "most_fetches"), [(None, 6, 1), ("kid_unknown", 12, 6)])
def test_published_documents_are_fetched_rarely(
    new_browser: Callable[[], Browser],
    providers: Sandbox,
    speaking_oidc: str,
    fault: str | None,
    times: int,
    most_fetches: int,
) -> None:
    providers.set_fault(speaking_oidc, fault)

    for _ in range(times):
        new_browser().sign_in(speaking_oidc, "ada")

    counts = providers.counts(speaking_oidc)
    assert counts["token"] == times
    assert 1 <= counts["jwks"] <= most_fetches
    assert counts["discovery"] == 1
