"""Two connections of one issuer share its people, but each has its own client, tokens, rules and sign-out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Identity, Session, User
from audit.models import Entry
from providers.disconnection import disconnect
from providers.models import ConnectionKind, TokenHealth, UpstreamRevocation, UpstreamTokens
from providers.revalidation.refreshing import revalidate
from providers.tasks import send_revocations
from providers.tokens import claims_of
from providers.vault import TokenUnavailable, get_token
from sandbox.config import Client
from sandbox.personas import CAST
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support import claim_rules
from tests.support.connections import another_sandbox, connection_to

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = ("first", "second")
GRACE = next(persona for persona in CAST if persona.key == "grace")
WITHOUT = replace(GRACE, groups=())
GROUP = "/engineering/compilers"
THERE_TOO = "/accounts/logout/?there_too=on"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

Register = Callable[[str], None]


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


@pytest.fixture
def only(elsewhere: Sandbox) -> Register:
    """Return a function after which the issuer accepts the client of one connection only; both connections exist."""

    def register(slug: str) -> None:
        client = Client(client_id=slug, secret=f"secret of {slug}")
        elsewhere.world.clients = {**elsewhere.world.clients, Provider.KEYCLOAK: client}

    for slug in BOTH:
        register(slug)
        connection_to(elsewhere, slug=slug, kind=ConnectionKind.KEYCLOAK, label=slug.title())
    return register


@pytest.fixture
def come(elsewhere: Sandbox, only: Register) -> Callable[..., Browser]:
    def sign_in(slug: str, persona: str = "ada") -> Browser:
        only(slug)
        browser = Browser(elsewhere)
        browser.sign_in(slug, persona)
        assert browser.account
        return browser

    return sign_in


def pair(slug: str) -> UpstreamTokens:
    return UpstreamTokens.objects.get(provider=slug)


def near_its_end() -> None:
    UpstreamTokens.objects.update(
        given_at=F("given_at") - timedelta(hours=1), expires_at=timezone.now() + timedelta(seconds=5)
    )


def test_each_pair_is_refreshed_by_its_own_client(come: Callable[..., Browser], only: Register) -> None:
    """The kind of fault: the first connection's client refreshes the second's tokens, and the sessions are revoked."""
    browsers = [come(slug) for slug in BOTH]
    ada = User.objects.get()
    assert get_token(ada, "first") != get_token(ada, "second")
    near_its_end()

    for slug in BOTH:
        only(slug)
        get_token(ada, slug)
    assert [(pair(slug).version, pair(slug).health) for slug in BOTH] == [(2, TokenHealth.WELL)] * 2
    assert all(browser.account for browser in browsers)
    assert not Entry.objects.filter(action="session.revoked").exists()


def test_each_session_is_revalidated_where_it_came_from(
    come: Callable[..., Browser], elsewhere: Sandbox, only: Register
) -> None:
    first, second = come("first"), come("second")
    elsewhere.world.grants.revoke_session(Session.objects.get(provider="second", user__isnull=False).upstream_sid)
    UpstreamTokens.objects.update(given_at=F("given_at") - timedelta(minutes=5))

    for slug in BOTH:
        only(slug)
        revalidate(Session.objects.get(provider=slug, user__isnull=False).public_id)

    assert (bool(first.account), second.account) == (True, None)
    with pytest.raises(TokenUnavailable):
        get_token(User.objects.get(), "second")
    assert get_token(User.objects.get(), "first")


@pytest.mark.parametrize("slug", BOTH)
def test_a_sign_out_at_the_provider_is_that_of_the_session_s_own_client(
    come: Callable[..., Browser], only: Register, slug: str
) -> None:
    browsers = {one: come(one) for one in BOTH}
    other = next(one for one in BOTH if one != slug)
    asked = parse_qs(urlsplit(browsers[slug].post(THERE_TOO).headers["Location"]).query)

    assert asked["client_id"] == [slug]
    assert claims_of(asked["id_token_hint"][0])["aud"] == slug
    assert asked["post_logout_redirect_uri"] == [f"{settings.PUBLIC_URL}/accounts/{slug}/logout/callback/"]
    assert UpstreamRevocation.objects.get().provider == slug
    only(slug)
    send_revocations()
    assert UpstreamRevocation.objects.get().state == "done"
    assert [one.provider for one in UpstreamTokens.objects.all()] == [other]
    assert browsers[other].account


def test_the_rules_of_each_give_and_take_only_their_own_memberships(
    come: Callable[..., Browser], elsewhere: Sandbox
) -> None:
    claim_rules.rule("first", "groups", GROUP, within="Abbey")
    claim_rules.rule("second", "groups", GROUP, within="Priory")

    for slug, then in (("first", {"Abbey"}), ("second", {"Abbey", "Priory"}), ("first", {"Abbey", "Priory"})):
        come(slug, "grace")
        assert claim_rules.roles().keys() == then
    elsewhere.add_persona(WITHOUT)
    for slug, then in (("second", {"Abbey"}), ("first", set())):
        come(slug, "grace")
        assert claim_rules.roles().keys() == then
    synced = Entry.objects.filter(action="memberships.synced").order_by("id")
    assert [(entry.details or {})["provider"] for entry in synced] == ["first", "second", "second", "first"]


def test_what_the_rules_of_both_gave_ends_with_the_identity(come: Callable[..., Browser]) -> None:
    claim_rules.rule("first", "groups", GROUP, within="Abbey")
    claim_rules.rule("second", "groups", GROUP, within="Priory")
    for slug in BOTH:
        come(slug, "grace")
    identity = Identity.objects.get()
    for subject in ("also Grace", "and Grace"):
        Identity.objects.create(user=identity.user, provider="google", issuer="https://g.example", subject=subject)

    disconnect(identity, keep=None)

    assert claim_rules.roles() == {}


def test_the_page_says_at_which_of_them_to_sign_in_again(come: Callable[..., Browser]) -> None:
    come("first")
    browser = come("second")
    UpstreamTokens.objects.filter(provider="second").update(health=TokenHealth.DEAD)

    page = browser.get("/accounts/connections/").content.decode()

    assert re.findall(r'action="/accounts/([a-z]+)/login/\?[^"]*process=reauthenticate', page) == ["second"]


def test_a_session_that_is_unverified_is_checked_where_it_came_from(come: Callable[..., Browser]) -> None:
    come("first")
    browser = come("second")
    UpstreamTokens.objects.filter(provider="second").update(health=TokenHealth.DEAD)
    Session.objects.filter(provider="second").update(unverified_since=timezone.now())

    led: Any = browser.get("/accounts/connections/", **NAVIGATION)

    asked = parse_qs(urlsplit(led.headers["Location"]).query)
    assert (asked["client_id"], asked["prompt"]) == (["second"], ["none"])


def test_the_migration_fills_the_provider_of_older_rows(come: Callable[..., Browser]) -> None:
    come("first")
    UpstreamTokens.objects.update(provider="")
    with connection.cursor() as cursor:
        cursor.execute(import_module("providers.migrations.0006_tokens_by_provider").FILL)

    assert UpstreamTokens.objects.get().provider == "first"
