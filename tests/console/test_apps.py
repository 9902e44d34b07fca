"""Apps in the admin: registered with a secret that is seen once, changed, stopped, and never another tenant's."""

import re
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Role, User
from audit.models import Entry
from authserver.models import Client, ClientSecret, GrantType, RegisteredScope, Resource
from tenancy import site_context
from tests.support.administrator import administrator, root
from tests.support.oauth import basic, registered, token_request
from tests.support.proven import proven, sign_in
from tests.support.services import clerk, service
from tests.tenancy.conftest import Town, town

__all__ = ["administrator", "root", "town"]

pytestmark = pytest.mark.django_db
LIST = "/admin/authserver/client/"
FORM = {
    "name": "Harbour",
    "grants": ["authorization_code", "refresh_token", "client_credentials"],
    "scopes": "openid\r\noffline_access\r\nberths:read\r\n",
    "resources": "https://berths.example/",
    "redirect_uris": "https://app.example/callback\r\nhttps://app.example/other?a=1,2\r\n\r\n",
    "post_logout_redirect_uris": "",
    "web_origins": "https://app.example\r\nhttp://localhost:5173",
    "backchannel_logout_uri": "",
    "token_format": "jwt",
    "refresh_policy": "web",
    "signing_algorithm": "ES256",
}


def page(client: Client, then: str = "change") -> str:
    return f"{LIST}{client.pk}/{then}/"


def only_client() -> Client:
    with site_context("a test looks"):
        found: Client = Client.objects.get()
    return found


def secret_on(text: str) -> str:
    (secret,) = re.findall(r'id="secret"[^>]*>([^<]+)</textarea>', text)
    return str(secret)


def works(client: Client, secret: str) -> bool:
    fields = {"grant_type": "client_credentials"}
    return token_request(Browser(), fields, basic(client.client_id, secret)).status_code == 200


@pytest.mark.promise(59)
def test_a_superuser_registers_an_app_and_sees_its_secret_once(administrator: Browser, root: User) -> None:
    assert administrator.get(f"{LIST}add/").status_code == 200
    answer = administrator.post(f"{LIST}add/", FORM)
    secret, client = secret_on(answer.content.decode()), only_client()
    assert "no-store" in answer.headers["Cache-Control"]
    assert works(client, secret)
    assert client.redirect_uris == ["https://app.example/callback", "https://app.example/other?a=1,2"]
    assert client.web_origins == ["https://app.example", "http://localhost:5173"]
    assert client.scopes == ["openid", "offline_access", "berths:read"]
    assert (client.created_by_id, client.is_delegated, client.signing_algorithm) == (root.pk, False, "ES256")
    for url in (LIST, page(client), page(client, "add-secret")):
        text = administrator.get(url).content.decode()
        assert secret not in text
        assert "Harbour" in text
    assert secret not in str(list(Entry.objects.values()))
    assert RegisteredScope.objects.filter(name="berths:read").exists()


def test_a_public_app_has_no_secret_and_needs_none(administrator: Browser) -> None:
    form = FORM | {"is_public": "on", "grants": ["authorization_code"]}
    answer = administrator.post(f"{LIST}add/", form)
    assert answer.status_code == 302
    assert not ClientSecret.objects.exists()
    text = administrator.get(page(only_client())).content.decode()
    assert "Add a secret" not in text
    assert administrator.post(page(only_client(), "add-secret")).status_code == 302
    assert not ClientSecret.objects.exists()


@pytest.mark.promise(56)
@pytest.mark.parametrize(
    ("field", "value"),
    [("redirect_uris", "http://app.example/"), ("scopes", "two words"), ("grants", []), ("resources", "reports")],
)
def test_what_a_registration_refuses_is_said_beside_the_field(
    administrator: Browser, field: str, value: str | list[str]
) -> None:
    client, _ = registered()
    for url in (f"{LIST}add/", page(client)):
        answer = administrator.post(url, FORM | {field: value} | inline())
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors.keys() == {field}
    assert only_client().name == "Harbour"
    assert only_client().redirect_uris == []


def inline() -> dict[str, Any]:
    """Return what the list of secrets adds to the form of an app."""
    return {"secrets-TOTAL_FORMS": "0", "secrets-INITIAL_FORMS": "0"}


def test_an_app_is_changed_and_the_trail_says_what(administrator: Browser) -> None:
    client, secret = registered()
    answer = administrator.post(page(client), FORM | {"name": "Lantern", "is_first_party": "on"} | inline())
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    again = only_client()
    assert (again.name, again.is_first_party, again.client_id) == ("Lantern", True, client.client_id)
    assert works(again, secret)
    (entry,) = Entry.objects.filter(action="client.changed")
    assert {"name", "is_first_party"} <= set((entry.details or {})["fields"])


def test_pkce_can_be_switched_off_outside_production_only(administrator: Browser, settings: Any) -> None:
    assert "is_pkce_optional" in administrator.get(f"{LIST}add/").content.decode()
    settings.PKCE_MAY_BE_OPTIONAL = False
    assert "is_pkce_optional" not in administrator.get(f"{LIST}add/").content.decode()
    administrator.post(f"{LIST}add/", FORM | {"is_pkce_optional": "on"})
    assert not only_client().is_pkce_optional


@pytest.mark.promise(59)
def test_secrets_are_replaced_and_revoked(administrator: Browser) -> None:
    client, first = registered()
    assert "another secret" in administrator.get(page(client, "add-secret")).content.decode()
    second = secret_on(administrator.post(page(client, "add-secret")).content.decode())
    assert (works(client, first), works(client, second)) == (True, True)
    third = secret_on(administrator.post(page(client, "add-secret"), {"former_ends_now": "on"}).content.decode())
    assert (works(client, first), works(client, second), works(client, third)) == (False, False, True)

    newest = ClientSecret.objects.latest("pk")
    revoke = page(client, f"secrets/{newest.pk}/revoke")
    assert f'href="{revoke}"' in administrator.get(page(client)).content.decode()
    assert administrator.get(revoke).status_code == 200
    assert administrator.post(revoke).status_code == 302
    assert not works(client, third)
    assert administrator.post(page(client, "secrets/123456789012/revoke")).status_code == 302
    assert administrator.post(page(client, "secrets/99999999999999999999/revoke")).status_code in {302, 404}


@pytest.mark.promise(59)
def test_nobody_can_choose_a_secret(administrator: Browser) -> None:
    chosen = {"secret": "chosen", "client_secret": "chosen", "digest": "chosen"}
    administrator.post(f"{LIST}add/", FORM | chosen)
    client = only_client()
    administrator.post(page(client, "add-secret"), chosen)
    row = {"secrets-TOTAL_FORMS": "1", "secrets-INITIAL_FORMS": "0", "secrets-0-digest": "chosen"}
    administrator.post(page(client), FORM | chosen | row)
    assert not works(client, "chosen")
    assert ClientSecret.objects.count() == 2


@pytest.mark.promise(86)
def test_an_app_is_stopped_started_and_deleted(administrator: Browser) -> None:
    client, secret = registered()
    assert "Stop this app?" in administrator.get(page(client, "stop")).content.decode()
    assert works(client, secret)
    administrator.post(page(client, "stop"))
    assert not works(client, secret)
    assert "stopped" in administrator.get(LIST).content.decode()
    assert administrator.get(page(client, "start")).status_code == 200
    administrator.post(page(client, "start"))
    assert works(client, secret)
    assert administrator.get(page(client, "delete")).status_code == 200
    administrator.post(page(client, "delete"), {"post": "yes"})
    assert not works(client, secret)
    assert Entry.objects.filter(action="client.deleted").exists()


def test_every_act_asks_for_reauthentication(root: User) -> None:
    client, secret = registered()
    browser = Browser()
    sign_in(browser, root)
    own = ("add-secret", f"secrets/{ClientSecret.objects.get().pk}/revoke", "stop", "start", "change", "delete")
    for url in (f"{LIST}add/", *(page(client, act) for act in own)):
        answer = browser.post(url, FORM | {"post": "yes"})
        assert answer.status_code == 302, url
        assert "/reauthenticate" in answer.headers["Location"], url
    assert works(client, secret)
    assert only_client().name == "Harbour"


def test_an_owner_registers_apps_of_the_own_tenant_within_their_rights(town: Town) -> None:
    with site_context("a test gives rights"):
        Role.objects.filter(name="owner").update(scopes=["berths:read"])
        Resource.objects.create(identifier="https://berths.example/", name="Berths", tenant=town.a.tenant)
        Resource.objects.create(identifier="https://other.example/", name="Other", tenant=town.b.tenant)
    owner = proven(town.a.owner)
    shown = owner.get(f"{LIST}add/").content.decode()
    for field in ("tenant", "is_first_party", "signing_algorithm", "is_pkce_optional", "is_delegated"):
        assert f'name="{field}"' not in shown
    crafted = {"tenant": str(town.b.tenant.pk), "is_first_party": "on", "is_pkce_optional": "on"}
    secret = secret_on(owner.post(f"{LIST}add/", FORM | crafted).content.decode())
    client = only_client()
    assert (client.tenant_id, client.is_first_party, client.is_pkce_optional) == (town.a.tenant.pk, False, False)
    assert (client.is_delegated, client.signing_algorithm) == (True, "RS256")
    assert works(client, secret)
    listed = owner.get("/admin/authserver/resource/").content.decode()
    assert "https://berths.example/" in listed
    assert "https://other.example/" not in listed
    assert owner.get("/admin/authserver/resource/add/").status_code == 403
    assert owner.get("/admin/authserver/registeredscope/").status_code == 403

    for above in ({"scopes": "berths:write"}, {"resources": "https://other.example/"}):
        answer = owner.post(page(client), FORM | above | inline())
        assert "above what you may do yourself" in answer.content.decode()
        assert Entry.objects.filter(action="change.refused", details__reason=f"app_{next(iter(above))}_above").exists()


@pytest.mark.promise(46, 47)
def test_an_owner_does_not_reach_apps_of_others_or_above_themselves(town: Town) -> None:
    foreign, _ = registered(tenant=town.b.tenant)
    site, _ = registered()
    above, secret = registered(tenant=town.a.tenant, scopes=["berths:write"])
    owner = proven(town.a.owner)
    listed = owner.get(LIST).content.decode()
    assert [str(one.pk) in listed for one in (foreign, site, above)] == [False, False, True]
    for client, status in ((foreign, 404), (site, 404), (above, 403)):
        for act in ("add-secret", f"secrets/{ClientSecret.objects.get(client=client).pk}/revoke", "stop", "start"):
            assert owner.get(page(client, act)).status_code == status, act
            assert owner.post(page(client, act)).status_code == status, act
    text = owner.get(page(above)).content.decode()
    assert "Add a secret" not in text
    assert 'name="name"' not in text
    assert owner.post(page(above), FORM).status_code == 403
    assert owner.post(page(above, "delete"), {"post": "yes"}).status_code == 403
    assert works(above, secret)


def test_a_member_without_the_permission_sees_no_app(town: Town) -> None:
    client, _ = registered(tenant=town.a.tenant)
    member = proven(town.a.member)
    for url in (LIST, f"{LIST}add/", page(client), page(client, "stop")):
        assert member.get(url).status_code in {302, 403}


def test_superusers_keep_scopes_and_resource_servers(administrator: Browser) -> None:
    scopes, servers = "/admin/authserver/registeredscope/", "/admin/authserver/resource/"
    administrator.post(f"{scopes}add/", {"name": "berths:read", "description": "see berths", "is_advertised": "on"})
    administrator.post(f"{scopes}add/", {"name": "openid"})
    assert list(RegisteredScope.objects.values_list("name", "is_advertised")) == [("berths:read", True)]
    assert "berths:read" in Browser().get("/.well-known/openid-configuration").json()["scopes_supported"]
    for wrong in ("reports", "https://api.example/#part"):
        assert administrator.post(f"{servers}add/", {"identifier": wrong, "name": "x"}).status_code == 200
    administrator.post(f"{servers}add/", {"identifier": "https://api.example/", "name": "Reports"})
    with site_context("a test looks"):
        assert Resource.objects.get().identifier == "https://api.example/"
    for url in (scopes, servers, f"{scopes}berths:read/change/", f"{scopes}berths_3Aread/change/"):
        assert administrator.get(url).status_code == 200, url


def test_apps_are_found_by_name_and_by_client_id(administrator: Browser) -> None:
    client, _ = registered(name="Harbour log")
    registered(name="Lantern", grants=[GrantType.CLIENT_CREDENTIALS])
    for term in ("har lo", client.client_id):
        text = administrator.get(LIST, {"q": term}).content.decode()
        assert "Harbour log" in text
        assert "Lantern" not in text


def test_an_app_of_a_tenant_is_given_a_service_of_the_tenant(administrator: Browser, town: Town) -> None:
    night_job = service(town.a.tenant, clerk(town.a.tenant, "berths:read"), "berths:read")
    foreign = service(town.b.tenant, clerk(town.b.tenant, "berths:read", name="Bob"), "berths:read", name="Foreign")
    client, _ = registered(tenant=town.a.tenant, scopes=["berths:read"])
    with site_context("a test gives rights"):
        Role.objects.filter(name="owner").update(scopes=["berths:read"])
    form = FORM | {"scopes": "berths:read", "resources": "", "signing_algorithm": "RS256"} | inline()
    for browser in (administrator, proven(town.a.owner)):
        shown = browser.get(page(client)).content.decode()
        assert "Night job" in shown
        assert "Foreign" not in shown
        assert browser.post(page(client), form | {"service": str(foreign.pk)}).status_code == 200
        assert only_client().service_id is None
    answer = proven(town.a.owner).post(page(client), form | {"service": str(night_job.pk)})
    assert answer.status_code == 302, answer.content.decode()
    assert only_client().service_id == night_job.pk
    assert "Night job" in proven(town.a.owner).get(f"{LIST}add/").content.decode()
    assert "Night job" not in administrator.get(f"{LIST}add/").content.decode(), "of which tenant is not known yet"
