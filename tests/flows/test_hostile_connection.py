"""A tenant's identity provider turns hostile, asserts everybody, and walks through the whole product (ADR 73).

Abbey runs the Keycloak. It asserts each subject and address of the other tenant, Barn, and of the site, with the
strongest authentication that there is. Then its browsers open every URL and call every operation of the API, with the
ids of what belongs to others. Nothing of theirs is shown, and nothing is written there.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import Identity, Membership, Role, Session, Tenant, User
from accounts.organizations.invitations import invite
from api.service import operations
from authserver.models import Consent, ProtectedHost, ServiceAccount
from config import second_factors
from providers import registry
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, refusals
from tests.support.apps import app
from tests.support.oauth import registered
from tests.support.pinned import give_to, pinned
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

FOREIGN = "Qx7foreign"  # in every name and address that Abbey must never see
ASSERTED = "asserted@elsewhere.example"
CLAIMS: list[dict[str, object]] = [
    {},
    {"acr": "gold", "amr": ["mfa", "otp", "hwk", "pwd"]},
    {"acr": "gold", "groups": ["/admins"], "realm_access": {"roles": ["vestibule-admin"]}, "role": "admin"},
]
# What ends the session or sends it elsewhere says nothing about what it opens.
ENDS = {"account_logout", "oauth-switch", "invitation-switch-account", "logout", "oauth-logout-confirm"}
# Tables that change whoever does anything: sessions, limits, tasks, and the trail, which is read by itself.
OF_EVERYBODY = (
    "accounts_session",
    "audit_",
    "jobs_",
    "accounts_usedproof",
    "accounts_upstreamlogout",
    "api_",
    "django_",
)


DIGEST = "SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM {table} x"


@dataclass
class Site:
    """Everybody whom Abbey can assert. ``known`` are accounts that have an identity at Abbey's Keycloak."""

    town: Town
    known: dict[str, User] = field(default_factory=dict)
    strangers: dict[str, User] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def site(providers: Sandbox, town: Town, settings: Any) -> Site:
    settings.RATE_LIMITS_EXEMPT = [ip_network("127.0.0.0/8")]
    settings.MFA_BY_PROVIDER = second_factors.read(["keycloak:gold"])
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    found = Site(town=town)
    with site_context("a test fills a site"):
        Tenant.objects.filter(pk=town.b.tenant.pk).update(name=f"{FOREIGN} Barn")
        User.objects.filter(pk__in=[town.b.owner.pk, town.b.member.pk]).update(name=f"{FOREIGN} person")
        owner = Role.objects.get(name="owner")
        for who in ("both", "superuser", "staff", "user of an app"):
            person = User.objects.create_user(name=who, email=f"{who.replace(' ', '.')}@abbey.example")
            found.known[who] = person
            Membership.objects.create(user=person, tenant=town.a.tenant, role=owner)
            Membership.objects.create(user=person, tenant=town.b.tenant, role=owner)
            _identify(person, "keycloak", who)
            _identify(person, "google", f"google {who}")
        for who in ("of Barn", "of the site", "with an address"):
            person = User.objects.create_user(
                name=f"{FOREIGN} {who}", email=f"{who.replace(' ', '.')}@{FOREIGN}.example", email_verified=True
            )
            found.strangers[who] = person
            _identify(person, "google", who)
        Membership.objects.create(user=found.strangers["of Barn"], tenant=town.b.tenant, role=owner)
        _fill(found)
    give_to(town.a.tenant, "keycloak")
    return found


def _identify(person: User, provider: str, subject: str) -> None:
    issuer = registry.of_environment()[provider].issues_as
    Identity.objects.create(user=person, provider=provider, issuer=issuer, subject=subject, name="There")


def _fill(site: Site) -> None:
    """Give the accounts rights, and Barn and the site something of each kind, whose ids the walk will use."""
    person, barn = site.known["superuser"], site.town.b.tenant
    User.objects.filter(pk=person.pk).update(is_superuser=True, is_staff=True)
    staff = site.known["staff"]
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    wiki = app(name=f"{FOREIGN} wiki", is_first_party=False)
    theirs, _secret = registered(name=f"{FOREIGN} barn app", tenant=barn)
    consent = Consent.objects.create(user=site.known["user of an app"], client=wiki.client, scopes=["openid"])
    host = ProtectedHost.objects.create(name=f"{FOREIGN} host", origin="https://wiki.example.com")
    service = ServiceAccount.objects.create(
        name=f"{FOREIGN} service", tenant=barn, owner=site.town.b.owner, expires_at=timezone.now() + timedelta(days=9)
    )
    sent = invite(barn, Role.objects.get(name="member"), f"new@{FOREIGN}.example", site.town.b.owner)
    role = Role.objects.create(name=f"{FOREIGN} role", tenant=barn)
    session = Session.objects.of_browser(pinned(site.town.b.member, barn).cookies["sessionid"].value).get()
    site.ids = {
        "tenant_id": str(barn.pk), "user_id": str(site.strangers["of Barn"].pk), "role_id": str(role.pk),
        "client_id": str(theirs.pk), "consent_id": str(consent.pk), "service_id": str(service.pk),
        "invitation_id": str(sent.pk),
        "identity_id": str(Identity.objects.filter(user=site.strangers["of Barn"]).get().pk),
        "session_id": session.public_id, "public_id": session.public_id, "member_id": str(site.town.b.member.pk),
        "provider_id": "google", "host_id": str(host.pk),
    }  # fmt: skip


def assert_as(site: Site, providers: Sandbox, subject: str, address: str, claims: dict[str, object]) -> Browser:
    """Come in through Abbey's Keycloak with whatever it chooses to say."""
    said = {**claims, "auth_time": int(time.time())}
    persona = Persona(
        key=f"asserted-{uuid4().hex[:8]}",
        name="Asserted",
        email=address,
        subjects={Provider.KEYCLOAK: subject},
        claims={Provider.KEYCLOAK: said},
    )
    providers.add_persona(persona)
    browser = Browser(providers)
    browser.sign_in("keycloak", persona.key)
    return browser


@pytest.mark.promise(101)
@pytest.mark.parametrize("claims", CLAIMS, ids=["plain", "with a second factor", "with roles"])
def test_whoever_it_asserts_comes_into_its_own_tenant_or_nowhere(
    site: Site, providers: Sandbox, claims: dict[str, object]
) -> None:
    before = (User.objects.count(), Identity.objects.count())
    for who, person in site.known.items():
        browser = assert_as(site, providers, who, ASSERTED, claims)
        assert browser.account == str(person.pk), who
        assert Session.objects.of_browser(browser.key).get().pinned_tenant == site.town.a.tenant.pk, who
        assert browser.get("/api/v1/me").json()["tenant_id"] == str(site.town.a.tenant.pk)
        assert browser.get("/accounts/sessions/").status_code == 302, who
    for who, person in site.strangers.items():
        for subject in (who, f"google {who}", str(person.pk)):
            assert assert_as(site, providers, subject, person.email or "", claims).account is None, who

    assert refusals() == ["sign_up_closed"] * 9
    assert (User.objects.count(), Identity.objects.count()) == before


@pytest.mark.promise(101)
@pytest.mark.slow
@pytest.mark.parametrize("who", ["both", "superuser", "staff", "user of an app"])
def test_no_url_shows_or_changes_anything_of_others(site: Site, providers: Sandbox, who: str) -> None:
    browser = assert_as(site, providers, who, ASSERTED, CLAIMS[1])
    assert browser.get("/admin/").status_code == 200, "the administration of its own tenant is open"
    before, seen = snapshot(), 0

    for method, path in walk(site):
        response = ask(browser, method, path)
        seen += 1
        assert response.status_code < 500, (method, path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        found = content.find(FOREIGN.encode())
        assert found < 0, (method, path, content[max(0, found - 300) : found + 60])
        if not Session.objects.of_browser(browser.key).filter(pinned_tenant=site.town.a.tenant.pk).exists():
            browser = assert_as(site, providers, who, ASSERTED, CLAIMS[1])

    assert seen > 800
    assert changed(before, snapshot()) == set()


def ask(browser: Browser, method: str, path: str) -> Any:
    if path.startswith("/api/"):
        return browser.client.generic(method, path, "{}", content_type="application/json")
    return browser.client.generic(method, path, "", content_type="application/x-www-form-urlencoded")


def walk(site: Site) -> Iterator[tuple[str, str]]:
    """Yield every URL with the ids of others, by GET and POST, and every operation of the API."""
    for path in pages(site):
        yield "GET", path
        yield "POST", path
    for named in operations():
        method, _, path = named.partition(" ")
        yield method, filled(path.replace("{", "<").replace("}", ">"), site)


def pages(site: Site) -> Iterator[str]:
    def below(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for one in patterns:
            path = before + str(one.pattern).lstrip("^").rstrip("$")
            if isinstance(one, URLResolver):
                yield from below(one.url_patterns, path)
            elif one.name not in ENDS and "(" not in path:
                yield "/" + filled(path, site)

    yield from (path for path in below(get_resolver().url_patterns, "") if "/api/" not in path)
    with site_context("a test reads what there is"):
        yield from objects_in_the_admin()


def objects_in_the_admin() -> list[str]:
    """Return the pages of every object of others that the admin knows."""
    found = []
    for model in admin.site._registry:  # noqa: SLF001  # as Django does
        at = f"/admin/{model._meta.app_label}/{model._meta.model_name}"
        rows = [row.pk for row in model._default_manager.all()[:40]]  # noqa: SLF001
        found += [f"{at}/{key}/{page}/" for key in rows for page in ("change", "delete", "history")]
    return found


def filled(path: str, site: Site) -> str:
    while "<" in path:
        before, _, rest = path.partition("<")
        inside, _, after = rest.partition(">")
        kind, _, name = inside.rpartition(":")
        unknown = str(uuid4()) if kind == "uuid" else "1"
        path = before + site.ids.get(name, unknown) + after
    return path


def snapshot() -> dict[str, str]:
    """Return a digest of all rows, by table."""
    found = {}
    with site_context("a test reads everything"), connection.cursor() as cursor:
        for table in tables():
            cursor.execute(DIGEST.format(table=table))
            found[table] = cursor.fetchone()[0]
    return found


def tables() -> list[str]:
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    return sorted(name for name in names if not name.startswith(OF_EVERYBODY))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {table for table, digest in after.items() if before[table] != digest}
