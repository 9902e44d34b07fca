"""A creation that is sent again is answered from memory only to who could still do and see it (ADR 64)."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Domain, Invitation, Membership, Role, User
from accounts.organizations.roles import permissions
from authserver.models import ApiKey
from tenancy import person_context, site_context
from tests.support.api import send
from tests.support.keepers import fresh
from tests.support.oauth import registered
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
HEADERS = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
APP = {"name": "Reports", "grants": ["client_credentials"], "scopes": ["members:read"]}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the owner of a tenant, who is a superuser too, creates; and what takes it out of their reach."""

    address: str
    body: dict[str, Any]
    narrow: Callable[[Town, dict[str, Any]], object]


def demote(town: Town, _created: dict[str, Any]) -> None:
    User.objects.filter(pk=town.a.owner.pk).update(is_superuser=False)


def remove(town: Town, _created: dict[str, Any]) -> None:
    demote(town, {})
    Membership.objects.filter(user=town.a.member, tenant=town.a.tenant).delete()


def deleted(model: Any) -> Callable[[Town, dict[str, Any]], object]:
    def delete(town: Town, created: dict[str, Any]) -> None:
        with person_context(town.a.owner.pk) if model is ApiKey else nullcontext():
            assert model.objects.filter(pk=created["id"]).delete()[0]

    return delete


CASES = {
    "POST /api/v1/me/keys": Case(address="me/keys", body={"name": "laptop"}, narrow=deleted(ApiKey)),
    "POST /api/v1/admin/clients": Case(address="admin/clients", body=APP, narrow=demote),
    "POST /api/v1/admin/clients/{client_key}/secrets": Case(
        address="admin/clients/{client}/secrets", body={}, narrow=demote
    ),
    "POST /api/v1/admin/users/{user_id}/cut-off": Case(
        address="admin/users/{person}/cut-off", body={"reason": "Lost."}, narrow=remove
    ),
    "POST /api/v1/tenants/{tenant_id}/roles": Case(
        address="tenants/{tenant}/roles", body={"name": "Porter"}, narrow=deleted(Role)
    ),
    "POST /api/v1/tenants/{tenant_id}/domains": Case(
        address="tenants/{tenant}/domains", body={"name": "abbey.example"}, narrow=deleted(Domain)
    ),
    "POST /api/v1/tenants/{tenant_id}/invitations": Case(
        address="tenants/{tenant}/invitations",
        body={"email": "new@example.com", "role_id": "{role}"},
        narrow=deleted(Invitation),
    ),
    "POST /api/v1/tenants/{tenant_id}/invitations/{invitation_id}/resend": Case(
        address="tenants/{tenant}/invitations/{invitation}/resend", body={}, narrow=deleted(Invitation)
    ),
}


@pytest.fixture
def again(town: Town, settings: Any) -> Callable[[Case], Any]:
    """Send the request of a case as the owner, who signs in anew for it."""
    settings.ADMIN_NEEDS_SECOND_FACTOR = False
    side = town.a
    with site_context("a test makes a superuser, and an app of the site"):
        User.objects.filter(pk=side.owner.pk).update(is_superuser=True)
        User.objects.create_superuser(username="other")
        Role.objects.get(name="owner").permissions.add(*permissions(("accounts.change_user",)))
        client, _ = registered(scopes=["members:read"])
    invited = send(
        f"/api/v1/tenants/{side.tenant.pk}/invitations", {"email": "ada@example.com", "role_id": side.role.pk},
        browser=fresh(User.objects.get(pk=side.owner.pk)),
    )  # fmt: skip
    keys = {
        "tenant": side.tenant.pk, "person": side.member.pk, "client": client.pk, "invitation": invited.json()["id"],
    }  # fmt: skip

    def ask_again(case: Case) -> Any:
        body = {name: side.role.pk if value == "{role}" else value for name, value in case.body.items()}
        browser = fresh(User.objects.get(pk=side.owner.pk))
        return send(f"/api/v1/{case.address.format(**keys)}", body, HEADERS, browser=browser)

    return ask_again


def test_every_operation_that_takes_the_header_is_tried() -> None:
    paths = Browser().get("/api/openapi.json").json()["paths"]
    found = {
        f"{method.upper()} {address}"
        for address, methods in paths.items()
        for method, operation in methods.items()
        if "Idempotency-Key" in {one["name"] for one in operation.get("parameters", [])}
    }

    assert found == CASES.keys()


@pytest.mark.parametrize("operation", CASES)
def test_a_response_is_repeated_to_who_could_still_do_and_see_it(
    operation: str, town: Town, again: Callable[[Case], Any]
) -> None:
    case = CASES[operation]
    first, second = again(case), again(case)

    assert first.status_code in {200, 201}, first.content
    assert second.content == first.content
    with site_context("a test narrows what the caller reaches"):
        case.narrow(town, first.json())
    third = again(case)
    assert third.status_code == 404, third.content
    assert third.headers["Content-Type"] == "application/problem+json"
