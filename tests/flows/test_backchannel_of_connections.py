"""A connection's provider ends the sessions that came through it, and no others (Back-Channel Logout 1.0)."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from accounts.models import Identity, Session
from audit.models import Entry
from providers.models import ConnectionKind
from sandbox.config import Client
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.connections import another_sandbox, connection_to
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


def came(sandbox: Sandbox, slug: str, persona: str = "ada") -> Browser:
    browser = Browser(sandbox)
    browser.sign_in(slug, persona)
    assert browser.account
    return browser


def sid(browser: Browser) -> str:
    return Session.objects.of_browser(browser.key).get().upstream_sid


def tell(browser: Browser, slug: str, token: str) -> int:
    answer = Browser(browser.providers).post(f"/accounts/{slug}/backchannel-logout/", {"logout_token": token})
    status: int = answer.status_code
    return status


@pytest.mark.parametrize("kind", [ConnectionKind.OIDC, ConnectionKind.KEYCLOAK])
def test_a_connection_s_provider_ends_its_session(elsewhere: Sandbox, kind: ConnectionKind) -> None:
    connection_to(elsewhere, slug="north", kind=kind)
    browser, grace = came(elsewhere, "north"), came(elsewhere, "north", "grace")
    token = elsewhere.logout_token(sid(browser))

    assert tell(browser, "north", token) == 200
    assert (browser.account, bool(grace.account)) == (None, True)
    entry = Entry.objects.get(action="session.revoked")
    assert (entry.actor_id, (entry.details or {})["provider"]) == ("north", "north")
    assert tell(browser, "north", token) == 400, "it was used before"


def test_one_of_two_of_an_issuer_ends_nothing_of_the_other(elsewhere: Sandbox) -> None:
    browsers = {}
    for slug in ("first", "second"):
        client = Client(client_id=slug, secret=f"secret of {slug}")
        elsewhere.world.clients = {**elsewhere.world.clients, Provider.KEYCLOAK: client}
        connection_to(elsewhere, slug=slug)
        browsers[slug] = came(elsewhere, slug)
    first, second = browsers["first"], browsers["second"]

    for named in ({}, {"sid": None}, {"sub": None}):  # also if the issuer names the other's session, or the person
        token = elsewhere.logout_token(sid(second), aud="first", **named)
        assert tell(first, "second", token) == 400, "it is for another client"
    assert tell(first, "first", elsewhere.logout_token(sid(second), aud="first", sub=None)) == 200
    assert all(browser.account for browser in browsers.values())
    assert tell(first, "first", elsewhere.logout_token(sid(first), aud="first", sid=None)) == 200
    assert (first.account, bool(second.account)) == (None, True)


def test_a_tenant_s_provider_ends_nothing_that_came_through_another(
    elsewhere: Sandbox, providers: Sandbox, browser: Browser, town: Town
) -> None:
    """The kind of fault: a customer's provider names the sessions and the subjects of the site's own provider."""
    connection_to(elsewhere, slug="north", tenant=town.a.tenant)
    browser.sign_in("keycloak", "ada")
    hers = Identity.objects.get()
    session = elsewhere.world.sessions.open(Provider.KEYCLOAK, providers.sessions("keycloak")[0].persona)

    for named in ({"sid": sid(browser)}, {"sid": sid(browser), "sub": None}, {"sid": None, "sub": hers.subject}):
        token = elsewhere.logout_token(session.sid, **named)
        assert tell(browser, "north", token) == 200
        assert tell(browser, "keycloak", elsewhere.logout_token(session.sid, **named)) == 400
    assert browser.account


def test_a_connection_that_is_off_may_send_no_logout_tokens(elsewhere: Sandbox) -> None:
    made = connection_to(elsewhere, slug="north")
    browser = came(elsewhere, "north")
    token = elsewhere.logout_token(sid(browser))
    with site_context("a test"):
        made.is_active = False
        made.save()

    assert tell(browser, "north", token) == 404
