"""Operations with one guard each, as an app of a customer would write them, and their URLs."""

from threading import Barrier
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Schema, Status

from accounts.models import Membership, Role, Tenant
from api import errors
from api.guards import requires
from api.idempotency import idempotent
from api.problems import CONFLICT, ApiError
from config.urls import handler400, handler500
from config.urls import urlpatterns as site_urls

__all__ = ["handler400", "handler500", "urlpatterns"]

guarded = NinjaAPI(urls_namespace="guarded", docs_url=None, openapi_url=None)
errors.register(guarded)

GUARDS: dict[str, dict[str, Any]] = {
    "scope": {"scope": "books:write"},
    "permission": {"permission": "accounts.view_membership"},
    "role": {"role": "admin"},
    "org_role": {"org_role": "owner"},
    "tenant": {"tenant": True},
    "tier": {"tier": "tier2"},
    "fresh": {"fresh": "10m"},
    "acr": {"acr": "mfa"},
    "several": {"scope": "books:write", "tier": "tier2", "acr": "mfa"},
    "step_up": {"fresh": "10m", "acr": "mfa"},
}

SECRET = "shown-this-once"  # of a test
barrier = Barrier(2)


class RoleName(Schema, extra="forbid"):
    name: str


def _answer(request: HttpRequest) -> dict[str, str]:
    return {"caller": str(request.auth.id)}  # type: ignore[attr-defined]  # set by ninja


for name, words in GUARDS.items():
    guarded.get(f"/{name}", auth=requires(**words), operation_id=name)(_answer)


@guarded.get("/tenants/{tenant_id}/members", auth=requires(scope="books:read", tenant=True))
def members(request: HttpRequest, tenant_id: UUID) -> list[str]:
    return sorted(str(membership.user_id) for membership in Membership.objects.all())


@guarded.post("/tenants/{tenant_id}/name", auth=requires(tenant=True))
def rename(request: HttpRequest, tenant_id: UUID, *, fails: bool = False) -> dict[str, str]:
    tenant = Tenant.objects.get(pk=tenant_id)
    tenant.name = "Renamed"
    tenant.save(update_fields=["name"])
    if fails:
        raise RuntimeError("a fault after the change")
    return {"name": tenant.name}


@guarded.post("/tenants/{tenant_id}/roles", response={201: dict[str, str]}, auth=requires(tenant=True))
@idempotent(reach=lambda _request, created, tenant_id, **_: None)
def create_role(request: HttpRequest, tenant_id: UUID, wanted: RoleName) -> Status[dict[str, str]]:
    """Create a role of a tenant, with a secret that only the response has."""
    if wanted.name == "refused":
        raise ApiError(CONFLICT, "This name is refused.")
    if wanted.name == "slow":
        barrier.wait(timeout=10)
        barrier.wait(timeout=10)
    role = Role.objects.create(tenant_id=tenant_id, name=wanted.name)
    if wanted.name == "faulty":
        raise RuntimeError("a fault after the creation")
    return Status(201, {"id": str(role.pk), "secret": SECRET})


urlpatterns = [path("api/guarded/", guarded.urls), *site_urls]
