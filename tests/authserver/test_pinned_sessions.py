"""What apps get of a session that a tenant's connection has opened (ADR 73)."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Domain, Identity, Membership, Tenant, User
from accounts.organizations.beyond_tenant import has_anything_beyond
from api.callers import Caller
from api.forward.rights import missing
from audit.context import Actor, ActorKind
from authserver.models import Consent, DeviceCode, GrantType, ProtectedHost, TokenFamily
from sandbox.server import Sandbox
from tenancy import site_context
from tests.support.apps import App, answer_in, app
from tests.support.authenticator import enrol_app
from tests.support.oauth import basic, registered, token_request
from tests.support.pinned import give_to, pinned
from tests.tenancy.conftest import Town, town

__all__ = ["town"]  # a fixture of these tests too

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser(town: Town) -> User:
    town.both.is_superuser = town.both.is_staff = True
    town.both.save()
    return town.both


def leave(person: User, tenant: Tenant) -> None:
    with site_context("a test ends a membership behind the product's back"):
        Membership.objects.filter(user=person, tenant=tenant).delete()


def is_sent_to_prove(response: Any) -> bool:
    return bool(response.status_code == 302 and response.headers["Location"].startswith("/accounts/reauthenticate/"))


@pytest.mark.promise(101)
def test_the_tenant_s_own_app_gets_a_token_that_names_the_tenant_alone(superuser: User, town: Town) -> None:
    ours = app(tenant=town.a.tenant)

    tokens = ours.tokens(pinned(superuser, town.a.tenant), scope="openid profile offline_access")

    for token in (tokens["access_token"], tokens["id_token"]):
        said = jwt.decode(token, options={"verify_signature": False})
        assert (said["role"], said["organization_ids"]) == ("user", [str(town.a.tenant.pk)])
        assert said["tenant_id"] == str(town.a.tenant.pk)
    refreshed: Any = ours.refresh(tokens["refresh_token"])
    said = jwt.decode(refreshed.json()["access_token"], options={"verify_signature": False})
    assert (said["role"], said["organization_ids"]) == ("user", [str(town.a.tenant.pk)])
    assert {family.pinned_tenant for family in TokenFamily.objects.all()} == {town.a.tenant.pk}


@pytest.mark.promise(101)
def test_its_tokens_end_with_the_membership(town: Town) -> None:
    ours = app()
    person = town.a.member
    tokens = ours.tokens(pinned(person, town.a.tenant), scope="openid profile offline_access")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert Browser().get("/oauth/userinfo", headers=bearer).status_code == 200

    leave(person, town.a.tenant)

    assert Browser().get("/oauth/userinfo", headers=bearer).status_code == 401
    assert Browser().get("/api/v1/me", headers=bearer).status_code == 401
    introspected: Any = token_request(Browser(), {"token": tokens["access_token"]}, ours.auth, path="/oauth/introspect")
    assert introspected.json() == {"active": False}
    refused: Any = ours.refresh(tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.promise(101)
@pytest.mark.parametrize("whose", ["site", "b"])
def test_other_apps_wait_for_a_proof(town: Town, whose: str) -> None:
    """The kind of fault: an app of the site takes the word of one tenant's server for a person of several."""
    theirs = app(tenant=town.b.tenant if whose == "b" else None)
    browser = pinned(town.both, town.a.tenant)

    assert is_sent_to_prove(theirs.authorize(browser))
    assert answer_in(theirs.authorize(browser, prompt="none"))["error"] == "login_required"
    assert not TokenFamily.objects.exists()


@pytest.mark.promise(101)
def test_an_app_of_the_site_serves_an_account_that_has_nothing_else(town: Town) -> None:
    tokens = app().tokens(pinned(town.a.member, town.a.tenant), scope="openid profile")

    said = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (said["sub"], said["organization_ids"]) == (str(town.a.member.pk), [str(town.a.tenant.pk)])


@pytest.mark.promise(101)
def test_a_token_of_it_reaches_nothing_of_the_account_or_the_site(superuser: User, town: Town) -> None:
    scopes = ("openid", "account:read", "account:write", "users:read")
    ours = app(tenant=town.a.tenant, scopes=scopes)
    tokens = ours.tokens(pinned(superuser, town.a.tenant), scope=" ".join(scopes))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

    for path in ("me/sessions", "me/consents", "tenants", "admin/users"):
        assert Browser().get(f"/api/v1/{path}", headers=bearer).status_code == 403, path


@pytest.mark.promise(101)
def test_a_consent_is_not_remembered_from_it(town: Town) -> None:
    """The kind of fault: who can come in as anybody agrees for them, and their own sessions never ask again."""
    ours = app(tenant=town.a.tenant, is_first_party=False)
    browser = pinned(town.both, town.a.tenant)
    page = ours.authorize(browser)
    assert page.status_code == 200
    action = page.content.decode().split('action="/oauth/consent/')[1].split('"')[0].replace("&amp;", "&")

    assert browser.post(f"/oauth/consent/{action}").status_code in {200, 303}

    consent = Consent.objects.get()
    assert (consent.is_asked, consent.asked_scopes) == (False, [])
    assert ours.authorize(browser).status_code == 200


@pytest.mark.promise(101)
def test_a_consent_cannot_be_given_where_it_could_not_be_asked(town: Town) -> None:
    theirs = app(is_first_party=False)
    browser = pinned(town.both, town.a.tenant)
    query = theirs.url().partition("?")[2]

    answer = browser.post(f"/oauth/consent/anything?{query}")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oauth/authorize?")
    assert not Consent.objects.exists()


@pytest.mark.promise(101)
@pytest.mark.parametrize("whose", ["site", "a"])
def test_a_device_of_another_waits_for_a_proof(town: Town, whose: str) -> None:
    of = town.a.tenant if whose == "a" else None
    client, secret = registered(grants=[GrantType.DEVICE_CODE], scopes=["openid"], tenant=of)
    auth = basic(client.client_id, secret)
    begun: Any = token_request(Browser(), {"scope": "openid"}, auth, path="/oauth/device")
    browser = pinned(town.both, town.a.tenant)
    typed = {"user_code": begun.json()["user_code"]}

    page = browser.post("/oauth/device/check", typed)

    if whose == "site":
        assert is_sent_to_prove(page)
        assert is_sent_to_prove(browser.post(f"/oauth/device/allow/x?user_code={typed['user_code']}"))
        assert not DeviceCode.objects.exclude(refused_at=None, approved_at=None).exists()
        return
    action = page.content.decode().split('action="/oauth/device/allow/')[1].split('"')[0].replace("&amp;", "&")
    assert browser.post(f"/oauth/device/allow/{action}").status_code == 200
    assert DeviceCode.objects.get().pinned_tenant == town.a.tenant.pk


@pytest.mark.promise(101)
def test_protected_hosts_of_others_wait_for_a_proof(town: Town) -> None:
    person = town.both
    person.pinned_tenant = town.a.tenant.pk
    caller = Caller(
        kind="person",
        id=person.pk,
        scopes=frozenset(),
        tenant_id=town.a.tenant.pk,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        credential="a session",
        program="a person",
    )
    of = {
        "site": ProtectedHost(name="Wiki", origin="https://wiki.example.com"),
        "b": ProtectedHost(name="Barn", origin="https://barn.example.com", tenant_id=town.b.tenant.pk),
        "a": ProtectedHost(name="Abbey", origin="https://abbey.example.com", tenant=town.a.tenant),
    }

    assert {name: list(missing(caller, host)) for name, host in of.items()} == {
        "site": [{"unpinned": True}],
        "b": [{"unpinned": True}],
        "a": [],
    }


@pytest.mark.promise(101)
def test_the_page_before_a_protected_host_leads_to_the_proof(town: Town) -> None:
    ProtectedHost.objects.create(name="Wiki", origin="https://wiki.example.com")
    browser = pinned(town.both, town.a.tenant)

    answer = browser.get("/oauth/admission", {"to": "https://wiki.example.com/", "browser": "x" * 43})

    assert is_sent_to_prove(answer)


BEYOND: dict[str, Callable[[User], object]] = {
    "superuser": lambda person: User.objects.filter(pk=person.pk).update(is_superuser=True),
    "staff": lambda person: User.objects.filter(pk=person.pk).update(is_staff=True),
    "password": lambda person: User.objects.filter(pk=person.pk).update(password="argon2$x"),
    "address": lambda person: User.objects.filter(pk=person.pk).update(email="a@b.example", email_verified=True),
    "group": lambda person: person.groups.add(Group.objects.create(name="g")),
    "permission": lambda person: person.user_permissions.add(Permission.objects.all()[0]),
    "factor": enrol_app,
    "identity": lambda person: Identity.objects.create(user=person, provider="google", issuer="i", subject="s"),
    "unknown identity": lambda person: Identity.objects.create(user=person, provider="gone", issuer="i", subject="s"),
}


@pytest.mark.promise(101)
@pytest.mark.parametrize("what", BEYOND)
def test_what_lies_beyond_a_tenant(town: Town, what: str) -> None:
    person = town.a.member
    assert not has_anything_beyond(person, town.a.tenant.pk)

    BEYOND[what](person)

    assert has_anything_beyond(person, town.a.tenant.pk)
    assert not is_token_for(app(), pinned(person, town.a.tenant))


def is_token_for(one: App, browser: Browser) -> bool:
    return "code=" in str(one.authorize(browser).headers.get("Location", ""))


@pytest.mark.promise(101)
def test_what_does_not_lie_beyond_it(providers: Sandbox, town: Town) -> None:
    give_to(town.a.tenant, "keycloak")
    Identity.objects.create(user=town.a.member, provider="keycloak", issuer="i", subject="s")

    assert not has_anything_beyond(town.a.member, town.a.tenant.pk)
    assert has_anything_beyond(town.both, town.a.tenant.pk)
    assert has_anything_beyond(town.a.member, town.b.tenant.pk)


def test_an_address_in_a_domain_of_the_tenant_does_not_lie_beyond_it(town: Town) -> None:
    person = town.a.member
    User.objects.filter(pk=person.pk).update(email="m@Mail.Abbey.example", email_verified=True)
    with site_context("a test claims domains"):
        Domain.objects.create(tenant=town.a.tenant, name="abbey.example", owned_since=timezone.now())
        claimed = Domain.objects.create(tenant=town.a.tenant, name="mail.abbey.example")
    assert has_anything_beyond(person, town.a.tenant.pk), "it only claims this one"

    with site_context("a test proves it"):
        Domain.objects.filter(pk=claimed.pk).update(owned_since=timezone.now())
    assert not has_anything_beyond(person, town.a.tenant.pk)
