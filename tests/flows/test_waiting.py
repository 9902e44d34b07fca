"""While a request waits for a provider, it has no open transaction and blocks no database connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from accounts.models import Membership, Role, Tenant, User
from sandbox.providers import OPENID_PROVIDERS
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, another
from tests.support.memory import forget_providers
from tests.support.servers import Servers
from tests.support.together import leave_nothing_open
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

OPEN = "SELECT query FROM pg_stat_activity WHERE usename = 'vestibule_app' AND state LIKE 'idle in transaction%%'"


@pytest.fixture
def member(browser: Browser, provider: str) -> Browser:
    """A person who is signed in and acts in a tenant, so that their requests would begin with a transaction."""
    browser.sign_in(another(provider), "ada")
    with site_context("a test lets somebody belong to a tenant"):
        role, tenant = Role.objects.get(name="member"), Tenant.objects.create(name="Abbey")
        Membership.objects.create(user=User.objects.get(), tenant=tenant, role=role)
    return browser


def held_while(
    providers: Sandbox, servers: Servers, provider: str, stage: str, request: Callable[[], Any]
) -> tuple[list[Any], int]:
    """Let a provider hang until we have checked. Return the open transactions and the status of the response."""

    def ask() -> int:
        try:
            status: int = request().status_code
            return status
        finally:
            leave_nothing_open()

    providers.forget_requests()
    providers.set_fault(provider, f"{stage}_hang")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
        waiting = pool.submit(ask)
        until(lambda: providers.counts(provider)[stage], seconds=4)
        held = superuser.execute(OPEN).fetchall()
        assert not waiting.done(), "nobody was waiting any more"
        providers.clear_faults()
        return held, waiting.result()


@pytest.mark.promise(53)
def test_no_transaction_is_open_while_a_callback_asks_for_the_token(
    member: Browser, providers: Sandbox, servers: Servers, provider: str
) -> None:
    callback = member.callback_url(provider, "ada", process="connect")

    held, status = held_while(providers, servers, provider, "token", lambda: member.get(callback))

    assert (held, status) == ([], 424)


@pytest.mark.parametrize("provider", [str(name) for name in OPENID_PROVIDERS])
@pytest.mark.parametrize("path", ["/accounts/{}/login/?process=connect", "/accounts/{}/login/"])
@pytest.mark.promise(53)
def test_no_transaction_is_open_while_a_start_asks_where_to_go(
    member: Browser, providers: Sandbox, servers: Servers, provider: str, path: str
) -> None:
    forget_providers()

    held, status = held_while(providers, servers, provider, "discovery", lambda: member.post(path.format(provider)))

    assert (held, status) == ([], 424)


@pytest.mark.parametrize("provider", ["keycloak"])
@pytest.mark.promise(53)
def test_no_transaction_is_open_while_a_logout_token_is_looked_at(
    member: Browser, new_browser: Callable[[], Browser], providers: Sandbox, servers: Servers, provider: str
) -> None:
    """Keycloak sends no cookie, but anyone else could."""
    new_browser().sign_in("keycloak", "grace")
    token = providers.logout_token(providers.sessions("keycloak")[0].sid)
    forget_providers()

    held, status = held_while(
        providers,
        servers,
        provider,
        "jwks",
        lambda: member.post("/accounts/keycloak/backchannel-logout/", {"logout_token": token}),
    )

    assert (held, status) == ([], 400)
