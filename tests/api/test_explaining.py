"""Services and apps are explained by the guards' own decision: what is explained is what they are answered."""

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from accounts.models import User
from api.guards import requires
from api.management.commands import explain
from authserver.clients import changes
from authserver.models import Client, GrantType
from authserver.services import accounts, issuing
from tenancy import site_context, tenant_context
from tests.api.guarded import GUARDS
from tests.support.api import ask, bearer, key
from tests.support.keepers import join, keeper_of
from tests.support.oauth import basic, registered, token_request
from tests.support.services import READ, WRITE, clerk, service
from tests.tenancy.conftest import Town

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.guarded")]


@pytest.fixture(autouse=True)
def _guards(monkeypatch: pytest.MonkeyPatch) -> None:
    guards = {f"GET {at(name)}": requires(**words).requirement for name, words in GUARDS.items()}
    monkeypatch.setattr(explain, "operations", lambda: guards)


def at(path: str) -> str:
    return f"/api/guarded/{path}"


def explained(**who: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("explain", "all", json=True, stdout=out, **who)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def answered(header: dict[str, str]) -> dict[str, Any]:
    return {f"GET {at(name)}": ask(at(name), header).json().get("missing", []) for name in GUARDS}


def token_of_client(client: Client, secret: str, *scopes: str) -> dict[str, str]:
    fields = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    answer: Any = token_request(Browser(), fields, basic(client.client_id, secret))
    return bearer(answer.json()["access_token"])


def owner_called(name: str, town: Town) -> User:
    """Return an owner of services: with rights, with scopes alone, a superuser who is a member, or the tenant's."""
    if name == "root":
        root = User.objects.create_superuser(username="root")
        join(root, town.a)
        return root
    if name == "clerk":
        return clerk(town.a.tenant, READ, WRITE)
    return keeper_of(town.a, ["accounts.view_membership"], WRITE) if name == "keeper" else town.a.owner


@pytest.mark.parametrize("scopes", [[READ, WRITE], [WRITE], []])
@pytest.mark.parametrize("who", ["keeper", "clerk", "root", "owner"])
def test_what_is_explained_of_a_service_is_what_it_is_answered(town: Town, who: str, scopes: list[str]) -> None:
    job = service(town.a.tenant, owner_called(who, town), READ, WRITE)
    with tenant_context(town.a.tenant.pk):
        new = issuing.create_for_service(job, name="ci", scopes=scopes)

    assert explained(service=str(job.pk), scope=scopes) == answered(key(new.text))


@pytest.mark.parametrize("who", ["keeper", "clerk", "root", "owner", "site"])
@pytest.mark.parametrize("scopes", [[WRITE], []])
def test_what_is_explained_of_an_app_is_what_it_is_answered(town: Town, who: str, scopes: list[str]) -> None:
    chosen: dict[str, Any] = {"scopes": [READ, WRITE]}
    if who != "site":
        job = service(town.a.tenant, owner_called(who, town), WRITE)
        chosen |= {"tenant": town.a.tenant, "service": job}
    with site_context("a test registers an app"):
        client, secret = registered(**chosen)
    usable = scopes if who in {"site", "keeper", "clerk", "root"} else []

    found = explained(client=client.client_id, scope=scopes)
    assert found == answered(token_of_client(client, secret, *usable))


def test_who_does_not_work_is_said_to_be_inactive(town: Town) -> None:
    owner = clerk(town.a.tenant, READ)
    job = service(town.a.tenant, owner, READ)
    client, _ = registered(scopes=[READ])
    person_only, _ = registered(grants=[GrantType.DEVICE_CODE])

    assert explained(service=job.name, tenant=str(town.a.tenant.pk))[f"GET {at('tenant')}"] == []
    with site_context("a test stops a service"):
        changes.stop(client)
        job.is_active = False
        accounts.save(job)
    for who, reason in (
        ({"service": str(job.pk)}, "service_stopped"),
        ({"client": client.client_id}, "client_stopped"),
        ({"client": person_only.client_id}, "not_in_its_own_name"),
    ):
        assert set(map(str, explained(**who).values())) == {str([{"active": reason}])}


@pytest.mark.parametrize("who", [{"service": str(uuid4())}, {"client": "nothing"}, {}, {"user": "a", "client": "b"}])
def test_whoever_does_not_exist_is_not_explained(who: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("explain", "all", *(f"--{name}={value}" for name, value in who.items()))
