"""Upstream issuers in the admin: superusers configure them after a reauthentication, and see whether they work."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Tenant, User
from audit.models import Entry
from providers.models import UpstreamIssuer
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.support.administrator import administrator, root
from tests.support.connections import connection_to
from tests.support.page_messages import messages_of
from tests.support.proven import proven, sign_in
from tests.support.upstream_tokens import configured
from tests.tenancy.conftest import Town, town

__all__ = ["administrator", "root", "town"]

pytestmark = pytest.mark.django_db
LIST = "/admin/providers/upstreamissuer/"
FORM = {
    "name": "Realm",
    "issuer": "https://issuer.example/realm",
    "is_active": "on",
    "audiences": "https://api.example\r\n\r\nhttps://other.example\r\n",
    "algorithms": "RS256\r\nES256",
    "requires_typ": "on",
    "scope_claims": "scope\r\nrealm_access.roles",
    "scopes": "read:books = books:read books:list\r\nBook = Editor = books:write",
    "email_claim": "email",
}


def page(issuer: UpstreamIssuer) -> str:
    return f"{LIST}{issuer.pk}/change/"


def errors(answer: Any) -> dict[str, list[str]]:
    return {name: list(found) for name, found in answer.context["adminform"].form.errors.items()}


def test_a_superuser_configures_an_issuer(administrator: Browser, providers: Sandbox) -> None:
    assert administrator.get(f"{LIST}add/").status_code == 200
    assert administrator.post(f"{LIST}add/", FORM).status_code == 302
    issuer = UpstreamIssuer.objects.get()
    assert issuer.audiences == ["https://api.example", "https://other.example"]
    assert issuer.algorithms == ["RS256", "ES256"]
    assert issuer.scope_claims == ["scope", "realm_access.roles"]
    assert issuer.scopes == {"read:books": ["books:read", "books:list"], "Book = Editor": ["books:write"]}
    assert (issuer.requires_typ, issuer.creates_accounts, issuer.tenant) == (True, False, None)
    text = administrator.get(page(issuer)).content.decode()
    assert "read:books = books:read books:list\nBook = Editor = books:write" in text
    assert "of its own" in text
    assert "issuer.example" in administrator.get(f"{LIST}?q=realm").content.decode()


def test_a_change_is_in_the_trail(administrator: Browser, root: User, providers: Sandbox) -> None:
    issuer = configured(providers)
    assert "those of Keycloak" in administrator.get(page(issuer)).content.decode()
    form = FORM | {"issuer": issuer.issuer, "scopes": "admin = books:write"}
    assert administrator.post(page(issuer), form).status_code == 302

    entry = Entry.objects.filter(object_table="providers_upstreamissuer", action="update").get()
    assert entry.actor_id == str(root.pk)
    assert (entry.after or {})["scopes"] == {"admin": ["books:write"]}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"issuer": "http://issuer.example"}, "issuer"),
        ({"audiences": ""}, "audiences"),
        ({"algorithms": ""}, "algorithms"),
        ({"algorithms": "HS256"}, "algorithms"),
        ({"scope_claims": " "}, "scope_claims"),
        ({"scope_claims": "scope."}, "scope_claims"),
        ({"scopes": "read:books"}, "scopes"),
        ({"scopes": "read:books = "}, "scopes"),
        ({"scopes": " = books:read"}, "scopes"),
        ({"scopes": "a = b\r\na = c"}, "scopes"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    administrator: Browser, providers: Sandbox, fields: dict[str, str], field: str
) -> None:
    answer = administrator.post(f"{LIST}add/", FORM | fields)

    assert list(errors(answer)) == [field]
    assert not UpstreamIssuer.objects.exists()


def test_an_issuer_of_somebody_else_is_refused_at_its_field(
    administrator: Browser, providers: Sandbox, town: Town
) -> None:
    connection_to(providers, tenant=town.a.tenant)
    theirs = {"issuer": providers.world.issuer(Provider.KEYCLOAK) + "/"}

    for tenant in ("", str(town.b.tenant.pk)):
        answer = administrator.post(f"{LIST}add/", FORM | theirs | {"tenant": tenant})
        assert list(errors(answer)) == ["issuer"]
    assert not UpstreamIssuer.objects.exists()
    assert administrator.post(f"{LIST}add/", FORM | theirs | {"tenant": str(town.a.tenant.pk)}).status_code == 302


def test_nothing_may_be_mapped(administrator: Browser, providers: Sandbox) -> None:
    assert administrator.post(f"{LIST}add/", FORM | {"scopes": ""}).status_code == 302
    assert UpstreamIssuer.objects.get().scopes == {}


def test_whether_issuers_work_is_said(administrator: Browser, providers: Sandbox) -> None:
    works, fails = configured(providers), configured(providers, Provider.GOOGLE, name="Other", algorithms=["ES256"])
    chosen = {"action": "check_issuers", "_selected_action": [str(works.pk), str(fails.pk)]}

    said = messages_of(administrator.post(LIST, chosen))
    assert said[0].startswith("Other: its keys are for RS256")
    assert said[1] == "Somebody else: its keys can be used."


def test_writing_requires_a_recent_reauthentication(root: User, providers: Sandbox) -> None:
    browser, issuer = Browser(), configured(providers)
    sign_in(browser, root)
    for answer in (
        browser.get(f"{LIST}add/"),
        browser.post(page(issuer), FORM),
        browser.post(f"{LIST}{issuer.pk}/delete/", {"post": "yes"}),
    ):
        assert "reauthenticate" in answer.headers["Location"]
    assert UpstreamIssuer.objects.get().name == "Somebody else"


def test_only_superusers_see_issuers(town: Town, providers: Sandbox) -> None:
    with site_context("a test gives an issuer to a tenant"):
        issuer = configured(providers, tenant=Tenant.objects.get(pk=town.a.tenant.pk))
    browser = proven(town.a.owner)
    for url in (LIST, f"{LIST}add/", page(issuer)):
        assert browser.get(url).status_code == 403
    assert browser.post(page(issuer), FORM).status_code == 403
    assert "upstreamissuer" not in browser.get("/admin/").content.decode()
