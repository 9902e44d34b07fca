"""The tests of this back end, with a real Vestibule: people sign in there, and its tokens are real (README.md)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from clients.examples.fastapi_backend.main import create_app, verifier_of
from vestibule_testing import Person, PreparationFailed, Tenant, Vestibule
from vestibule_testing.trail import Recorded

API = "https://backend.example/"
Token = Callable[..., str]


@dataclass
class Backend:
    app: FastAPI

    def get(self, path: str, token: str) -> httpx.Response:
        return asyncio.run(self._get(path, {"Authorization": f"Bearer {token}"}))

    async def _get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=API) as client:
            return await client.get(path, headers=headers)


@pytest.fixture(scope="session")
def backend(vestibule: Vestibule) -> Backend:
    return Backend(create_app(verifier_of(vestibule.url, API)))


def test_somebody_new_signs_in_and_uses_the_back_end(
    backend: Backend, sign_in_as: Callable[..., Person], token_for: Token, assert_audited: Recorded
) -> None:
    person = sign_in_as(name="Rosalind Franklin")

    said = backend.get("/me", token_for(person, "members:read", resource=API)).json()

    assert said["subject"] == str(person.id)
    assert said["scopes"] == ["members:read"]
    assert person.name == "Rosalind Franklin"
    entry = assert_audited("sign_in.succeeded", person=person)
    assert entry["actor"]["kind"] == "person"


def test_a_member_reaches_their_own_organization_alone(
    backend: Backend,
    sign_in_as: Callable[..., Person],
    make_tenant: Callable[..., Tenant],
    token_for: Token,
    assert_audited: Recorded,
) -> None:
    ada, grace = sign_in_as("ada"), sign_in_as("grace", provider="keycloak")
    engines, mail = make_tenant("Engines", owner=ada), make_tenant("Mail", member=[grace])
    token = token_for(ada, "openid", resource=API)

    assert ada.tenant_id == engines.id
    assert backend.get(f"/tenants/{engines.id}", token).status_code == 200
    assert backend.get(f"/tenants/{mail.id}", token).status_code == 403
    assert_audited("accounts_membership.create", person=ada, tenant=engines)

    engines.remove(ada)

    assert ada.browser.get("/api/v1/me").status_code == 401


def test_a_role_of_an_organization_gives_rights_in_the_api(vestibule: Vestibule) -> None:
    clerk = vestibule.sign_in_as()
    tenant = vestibule.make_tenant()
    role = tenant.add_role("Front desk", scopes=["members:read"], permissions=["accounts.view_membership"])
    tenant.add(clerk, role)

    members = clerk.browser.get(f"/api/v1/tenants/{tenant.id}/members").json()

    assert [member["role"] for member in members["items"]] == ["Front desk"]


def test_a_program_calls_in_its_own_name(backend: Backend, client_token: Token) -> None:
    token = client_token("members:read", resource=API)

    assert backend.get("/members", token).json() == ["Ada", "Grace"]
    assert backend.get("/tier", token).status_code == 403


def test_a_request_that_changes_something_carries_the_csrf_token(vestibule: Vestibule) -> None:
    person = vestibule.sign_in_as()

    assert person.browser.patch("/api/v1/me", json={"name": "Rosa"}).status_code == 204
    assert person.browser.get("/api/v1/me").json()["name"] == "Rosa"


def test_what_cannot_be_prepared_says_why(vestibule: Vestibule, assert_audited: Recorded) -> None:
    person = vestibule.sign_in_as()
    vestibule.sandbox("faults", provider="google", fault="iss_wrong")
    try:
        with pytest.raises(PreparationFailed, match="Google"):
            vestibule.sign_in_as()
    finally:
        vestibule.sandbox("faults")
    with pytest.raises(PreparationFailed, match="no role 'Emperor'"):
        vestibule.make_tenant().add(person, "Emperor")
    with pytest.raises(PreparationFailed, match="Unknown command"):
        vestibule.manage("frobnicate")
    with pytest.raises(PreparationFailed, match="no such fault"):
        vestibule.sandbox("faults", provider="google", fault="no such fault")
    assert_audited("sign_in.refused", details={"provider": "google"})
    with pytest.raises(AssertionError, match=r"No identity\.linked"):
        assert_audited("identity.linked", person=person, details={"provider": "github"}, within=0)
