"""Apps through the API of the administrators: registered by the one function, and never more than its caller has."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Tenant, User
from audit.models import Entry
from authserver.clients import changes
from authserver.models import Client, ClientSecret, GrantType
from authserver.scopes import CLIENTS_READ, CLIENTS_WRITE
from tenancy import site_context
from tests.support.api import ask, key, send, session_of, token_of
from tests.support.keepers import fresh, join, keeper_of
from tests.support.oauth import basic, registered, token_request
from tests.support.services import READ, key_of_person, key_of_service, service
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db
CLIENTS = "/api/v1/admin/clients"
NEW = {"name": "Reports", "grants": ["client_credentials"], "scopes": [READ]}
RIGHTS = [f"authserver.{verb}_client" for verb in ("view", "add", "change", "delete")]


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root")


@pytest.fixture
def keeper(town: Town) -> User:
    return keeper_of(town.a, RIGHTS, CLIENTS_READ, CLIENTS_WRITE, READ)


def of_side(side: Side, **fields: Any) -> Client:
    """Register an app of a tenant, as an operator."""
    with site_context("a test registers an app"):
        grants = [GrantType(name) for name in fields.pop("grants", ["client_credentials"])]
        wanted = {"tenant": Tenant.objects.get(pk=side.tenant.pk), "scopes": [READ], "grants": grants, **fields}
        return registered(**wanted)[0]


def at(client: Client, part: str = "") -> str:
    return f"{CLIENTS}/{client.pk}{part}"


def read(client: Client) -> Client:
    with site_context("a test looks"):
        found: Client = Client.objects.get(pk=client.pk)
    return found


def works(client_id: str, secret: str) -> bool:
    fields = {"grant_type": "client_credentials"}
    return token_request(Browser(), fields, basic(client_id, secret)).status_code == 200


def listed(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {one["client_id"] for one in answer.json()["items"]}


@pytest.mark.promise(46)
def test_an_administrator_sees_the_apps_of_their_tenant_alone(town: Town, keeper: User, root: User) -> None:
    of_a, of_b, of_site = of_side(town.a), of_side(town.b), registered()[0]
    everything = {one.client_id for one in (of_a, of_b, of_site)}
    job = service(town.a.tenant, keeper, CLIENTS_READ)
    in_a = token_of(root, CLIENTS_READ, tenant_id=town.a.tenant.pk)  # it registers an app of its own, of the site

    assert listed(ask(CLIENTS, browser=session_of(keeper))) == {of_a.client_id}
    assert listed(ask(CLIENTS, key(key_of_service(job).text))) == {of_a.client_id}
    assert ask(CLIENTS, in_a).status_code == 403  # without a role there
    join(root, town.a, "owner")
    assert listed(ask(CLIENTS, token_of(root, CLIENTS_READ, tenant_id=town.a.tenant.pk))) == {of_a.client_id}
    assert listed(ask(CLIENTS, browser=session_of(root))) > everything
    for other in (of_b, of_site):
        for method in ("get", "delete"):
            assert ask(at(other), browser=fresh(keeper), method=method).status_code == 404
        assert ask(at(other, "/stop"), browser=fresh(keeper), method="post").status_code == 404


def test_apps_are_filtered_and_come_in_pages(town: Town, root: User) -> None:
    harbour, reports = of_side(town.a, name="Harbour"), of_side(town.b, name="The reports")
    with site_context("a test stops an app"):
        changes.stop(reports)
    browser = session_of(root)

    assert listed(ask(f"{CLIENTS}?q=rep", browser=browser)) == {reports.client_id}
    assert listed(ask(f"{CLIENTS}?q={harbour.client_id}", browser=browser)) == {harbour.client_id}
    assert listed(ask(f"{CLIENTS}?is_active=false", browser=browser)) == {reports.client_id}
    first = ask(f"{CLIENTS}?limit=1", browser=browser).json()
    assert [one["client_id"] for one in first["items"]] == [reports.client_id]
    assert listed(ask(f"{CLIENTS}?limit=1&after={first['next']}", browser=browser)) == {harbour.client_id}
    assert ask(f"{CLIENTS}?after=x", browser=browser).status_code == 422


@pytest.mark.promise(59)
def test_an_app_is_registered_and_its_secret_shown_once(town: Town, keeper: User) -> None:
    browser = fresh(keeper)
    answer = send(CLIENTS, NEW, {"Idempotency-Key": "one"}, browser=browser)
    made = answer.json()
    secret = made["client_secret"]

    assert (answer.status_code, made["tenant_id"], made["is_delegated"]) == (201, str(town.a.tenant.pk), True)
    assert "no-store" in answer.headers["Cache-Control"]
    assert send(CLIENTS, NEW, {"Idempotency-Key": "one"}, browser=browser).json() == made
    shown = ask(f"{CLIENTS}/{made['id']}", browser=browser).json()
    assert shown == {name: value for name, value in made.items() if name != "client_secret"}
    assert works(made["client_id"], secret)
    assert secret not in str(list(Entry.objects.values())) + str(list(ClientSecret.objects.values()))
    [entry] = Entry.objects.filter(action="client.registered")
    assert (entry.actor_id, entry.tenant_id) == (str(keeper.pk), str(town.a.tenant.pk))


def test_a_superuser_registers_for_the_site_or_a_tenant(town: Town, root: User) -> None:
    browser = fresh(root)
    public = {**NEW, "is_public": True, "is_first_party": True, "grants": ["device_code"]}
    site = send(CLIENTS, public, browser=browser).json()
    tenant = send(CLIENTS, {**NEW, "tenant_id": str(town.b.tenant.pk)}, browser=browser).json()

    assert (site["tenant_id"], site["client_secret"], site["is_first_party"]) == (None, None, True)
    assert (tenant["tenant_id"], tenant["is_delegated"]) == (str(town.b.tenant.pk), False)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"grants": []}, "grants"),
        ({"grants": ["password"]}, "grants.0"),
        ({"scopes": ["a b"]}, "scopes"),
        ({"scopes": ["x"] * 51}, "scopes"),
        ({"redirect_uris": ["http://evil.example/*"]}, "redirect_uris"),
        ({"web_origins": ["*"]}, "web_origins"),
        ({"service_id": "00000000-0000-4000-8000-000000000000"}, "service_id"),
        ({"is_pkce_optional": True}, "is_pkce_optional"),
        ({"client_id": "mine"}, "client_id"),
    ],
)
def test_an_app_that_cannot_be_is_refused_and_not_registered(keeper: User, wrong: Any, field: str) -> None:
    answer = send(CLIENTS, {**NEW, **wrong}, browser=fresh(keeper))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"body.{field}")
    with site_context("a test looks"):
        assert not Client.objects.exists()


@pytest.mark.promise(47)
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"is_first_party": True}, "is_first_party"),
        ({"scopes": ["books:burn"]}, "scopes"),
        ({"signing_algorithm": "ES256"}, "signing_algorithm"),
        ({"resources": ["https://other.example/"]}, "resources"),
    ],
)
def test_nobody_gives_an_app_more_than_they_have(town: Town, keeper: User, wrong: Any, field: str) -> None:
    app, browser = of_side(town.a, grants=["client_credentials"]), fresh(keeper)

    for path, body, method in ((CLIENTS, {**NEW, **wrong}, "post"), (at(app), wrong, "patch")):
        answer = send(path, body, browser=browser, method=method)
        assert (answer.status_code, answer.json()["missing"]) == (403, [{"reach": True}])
        assert answer.json()["errors"][0]["field"] == f"body.{field}"
        entry = Entry.objects.filter(action="change.refused").latest("id")
        assert (entry.actor_id, (entry.details or {})["reason"]) == (str(keeper.pk), f"app_{field}_above")
    with site_context("a test looks"):
        assert [one.pk for one in Client.objects.filter(tenant=town.a.tenant)] == [app.pk]


@pytest.mark.promise(47)
def test_an_app_above_its_administrator_is_not_changed(town: Town, keeper: User) -> None:
    app, browser = of_side(town.a, scopes=["books:burn"]), fresh(keeper)
    other = service(town.b.tenant, town.b.owner)

    for part, method in (("", "patch"), ("", "delete"), ("/stop", "post"), ("/secrets", "post")):
        answer = send(at(app, part), {}, browser=browser, method=method)
        assert (answer.status_code, answer.json()["missing"]) == (403, [{"reach": True}])
    assert send(CLIENTS, {**NEW, "tenant_id": str(town.b.tenant.pk)}, browser=browser).status_code == 422
    assert send(CLIENTS, {**NEW, "service_id": str(other.pk)}, browser=browser).status_code == 422
    assert read(app).is_active


def test_an_app_is_changed_in_what_is_sent_alone(town: Town, keeper: User) -> None:
    app = of_side(town.a, redirect_uris=["https://app.example/callback"], grants=["authorization_code"])
    browser = fresh(keeper)
    job = service(town.a.tenant, keeper, READ)

    answer = send(at(app), {"name": "Other"}, browser=browser, method="patch")
    assert (answer.status_code, answer.json()["redirect_uris"]) == (200, ["https://app.example/callback"])
    wanted = {"grants": ["authorization_code", "client_credentials"], "service_id": str(job.pk)}
    assert send(at(app), wanted, browser=browser, method="patch").json()["service_id"] == str(job.pk)
    assert send(at(app), {}, browser=browser, method="patch").status_code == 200
    found = read(app)
    assert (found.name, found.grants, found.service_id) == ("Other", wanted["grants"], job.pk)
    assert send(at(app), {"name": None}, browser=browser, method="patch").status_code == 422
    assert send(at(app), {"tenant_id": None}, browser=browser, method="patch").status_code == 422
    assert send(at(app), {"grants": []}, browser=browser, method="patch").status_code == 422


@pytest.mark.promise(86)
def test_an_app_is_stopped_started_and_deleted(town: Town, keeper: User) -> None:
    browser = fresh(keeper)
    made = send(CLIENTS, NEW, browser=browser).json()
    path, credentials = f"{CLIENTS}/{made['id']}", (made["client_id"], made["client_secret"])

    assert send(f"{path}/stop", None, browser=browser).status_code == 204
    assert not works(*credentials)
    assert send(f"{path}/start", None, browser=browser).status_code == 204
    assert works(*credentials)
    assert ask(path, browser=browser, method="delete").status_code == 204
    assert ask(path, browser=browser).status_code == 404
    assert not works(*credentials)


def test_a_secret_is_replaced_and_revoked(town: Town, keeper: User) -> None:
    browser = fresh(keeper)
    made = send(CLIENTS, NEW, browser=browser).json()
    path, name, first = f"{CLIENTS}/{made['id']}", made["client_id"], made["client_secret"]

    second = send(f"{path}/secrets", {}, browser=browser).json()["client_secret"]
    assert (works(name, first), works(name, second)) == (True, True)
    third = send(f"{path}/secrets", {"former_ends_now": True}, browser=browser).json()["client_secret"]
    assert [works(name, one) for one in (first, second, third)] == [False, False, True]
    secrets = ask(path, browser=browser).json()["secrets"]
    assert [one["is_valid"] for one in secrets] == [True, False, False]
    assert ask(f"{path}/secrets/{secrets[0]['id']}", browser=browser, method="delete").status_code == 204
    assert ask(f"{path}/secrets/{secrets[0]['id']}", browser=browser, method="delete").status_code == 404
    assert ask(f"{path}/secrets/{2**63}", browser=browser, method="delete").status_code == 422
    assert not works(name, third)
    public = send(CLIENTS, {**NEW, "is_public": True, "grants": ["device_code"]}, browser=browser).json()
    assert send(f"{CLIENTS}/{public['id']}/secrets", {}, browser=browser).json()["code"] == "conflict"


def test_an_act_needs_the_scope_the_right_and_a_fresh_sign_in(town: Town, keeper: User) -> None:
    app = of_side(town.a)
    known = {"tenant_id": town.a.tenant.pk, "auth_time": timezone.now()}
    acts = {
        (CLIENTS, "post"): "add", (at(app), "patch"): "change", (at(app), "delete"): "delete",
        (at(app, "/stop"), "post"): "change", (at(app, "/secrets"), "post"): "change",
    }  # fmt: skip

    for (path, method), verb in acts.items():

        def lacks(**given: Any) -> Any:
            return send(path, {}, method=method, **given).json()["missing"]  # noqa: B023  # called at once

        assert lacks(browser=session_of(keeper)) == [{"fresh": 600}]
        assert lacks(headers=token_of(keeper, CLIENTS_READ, **known)) == [{"scope": CLIENTS_WRITE}]
        a_key = key_of_person(keeper, CLIENTS_WRITE, tenant_id=town.a.tenant.pk)
        assert lacks(headers=key(a_key.text)) == [{"fresh": 600}]
        assert {"permission": f"authserver.{verb}_client"} in lacks(browser=fresh(town.a.member))
