"""``/v1/admin/clients``: the apps that an administrator sees, and the acts on them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status

from accounts.models import Tenant, User
from api.administration.acting import administrator, app_above
from api.administration.client_schemas import (
    ClientChangeIn,
    ClientDetailOut,
    ClientIn,
    ClientOut,
    ClientQuery,
    NewSecretIn,
    NewSecretOut,
    RegisteredOut,
    SecretOut,
)
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import faults_of, invalid, unknown
from api.paging import After, Limit, Page, cut, newest_first
from api.problems import CONFLICT, ApiError
from authserver.clients import changes, delegation, search
from authserver.clients.registration import Registration, register
from authserver.models import Client, ClientSecret, ServiceAccount
from authserver.scopes import CLIENTS_READ, CLIENTS_WRITE

router = Router(tags=["Administration: apps"])
READ = requires(scope=CLIENTS_READ, permission="authserver.view_client")
ADD = requires(scope=CLIENTS_WRITE, permission="authserver.add_client", fresh="10m")
CHANGE = requires(scope=CLIENTS_WRITE, permission="authserver.change_client", fresh="10m")
DELETE = requires(scope=CLIENTS_WRITE, permission="authserver.delete_client", fresh="10m")
SecretId = Annotated[int, Path(ge=0, lt=2**63)]


@router.get("/admin/clients", response=Page[ClientOut], auth=READ)
def clients(
    request: HttpRequest, wanted: Query[ClientQuery], limit: Limit = 50, after: After = ""
) -> Mapping[str, Any]:
    """List the apps that the administrator sees, the newest first."""
    administrator(request)
    flags = ("is_active", "is_public", "is_first_party")
    rows = Client.objects.filter(**{name: value for name in flags if (value := getattr(wanted, name)) is not None})
    shown, following = cut(list(newest_first(search.find(rows, wanted.q), after)[: limit + 1]), limit)
    return {"items": [_fields(ClientOut, one) for one in shown], "next": following}


@router.post("/admin/clients", response={201: RegisteredOut}, auth=ADD)
@idempotent(reach=lambda request, created, **_: _within_reach(request, created["id"]))
def register_client(request: HttpRequest, wanted: ClientIn) -> Status[dict[str, Any]]:
    """Register an app. Only this response has its secret."""
    actor = administrator(request)
    tenant = _tenant(actor, wanted.tenant_id)
    plain = wanted.dict(exclude={"tenant_id", "service_id"})
    service = _service(tenant.pk if tenant else None, wanted.service_id)
    try:
        new = register(Registration(**plain, tenant=tenant, service=service), creator=actor)
    except ValidationError as found:
        raise _refused(request, None, found) from None
    return Status(201, _detail(new.client) | {"client_secret": new.secret})


@router.get("/admin/clients/{client_key}", response=ClientDetailOut, auth=READ)
def client(request: HttpRequest, client_key: UUID) -> dict[str, Any]:
    """Return an app with the dates of its secrets."""
    administrator(request)
    return _detail(_found(Client.objects.all(), client_key))


@router.patch("/admin/clients/{client_key}", response=ClientDetailOut, auth=CHANGE)
def change_client(request: HttpRequest, client_key: UUID, wanted: ClientChangeIn) -> dict[str, Any]:
    """Change an app, with the same checks as at its registration."""
    actor, found = _within_reach(request, client_key)
    for name, value in wanted.dict(exclude_unset=True).items():
        setattr(found, name, value)
    found.grants = [str(grant) for grant in found.grants]
    found.service = _service(found.tenant_id, found.service_id)
    try:
        changes.change(found, actor=actor)
    except ValidationError as invalid:
        raise _refused(request, found, invalid) from None
    return _detail(found)


@router.delete("/admin/clients/{client_key}", response={204: None}, auth=DELETE)
def delete_client(request: HttpRequest, client_key: UUID) -> Status[None]:
    """Delete an app with its secrets, its tokens, and what people had agreed to."""
    _, found = _within_reach(request, client_key)
    changes.delete(found)
    return Status(204, None)


@router.post("/admin/clients/{client_key}/stop", response={204: None}, auth=CHANGE)
def stop_client(request: HttpRequest, client_key: UUID) -> Status[None]:
    """Stop an app. Whatever it was given stays invalid, also when it is started again."""
    _, found = _within_reach(request, client_key)
    changes.stop(found)
    return Status(204, None)


@router.post("/admin/clients/{client_key}/start", response={204: None}, auth=CHANGE)
def start_client(request: HttpRequest, client_key: UUID) -> Status[None]:
    """Let a stopped app get tokens again."""
    _, found = _within_reach(request, client_key)
    changes.start(found)
    return Status(204, None)


@router.post(
    "/admin/clients/{client_key}/secrets",
    response={201: NewSecretOut},
    auth=CHANGE,
)
@idempotent(reach=lambda request, client_key, **_: _within_reach(request, client_key))
def add_secret(request: HttpRequest, client_key: UUID, wanted: NewSecretIn) -> Status[dict[str, str]]:
    """Give an app another secret, which only this response has."""
    _, found = _within_reach(request, client_key)
    try:
        secret = changes.add_secret(found, former_ends_now=wanted.former_ends_now)
    except changes.PublicClient:
        raise ApiError(CONFLICT, "A public app has no secret.", reason="public_client") from None
    return Status(201, {"client_secret": secret})


@router.delete("/admin/clients/{client_key}/secrets/{secret_id}", response={204: None}, auth=CHANGE)
def revoke_secret(request: HttpRequest, client_key: UUID, secret_id: SecretId) -> Status[None]:
    """Revoke a secret at once. Tokens that the app has stay valid."""
    _, found = _within_reach(request, client_key)
    if not changes.revoke_secret(found, secret_id):
        raise Http404
    return Status(204, None)


def _found(rows: "QuerySet[Client]", key: UUID) -> Client:
    found = rows.filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def _within_reach(request: HttpRequest, key: UUID) -> tuple[User, Client]:
    """Return the administrator and an app that they may change, locked. Raises Http404 and ApiError."""
    actor = administrator(request)
    found = _found(Client.objects.select_for_update(no_key=True), key)
    if not delegation.is_within_reach(actor, found):
        raise app_above(request, found, ["reach"])
    return actor, found


def _tenant(actor: User, wanted: UUID | None) -> Tenant | None:
    """Return the tenant of a new app: the wanted one if the administrator sees it, else their own."""
    membership = None if actor.is_superuser else actor.active_membership
    key = wanted or (membership and membership.tenant_id)
    found = Tenant.objects.filter(pk=key).first() if key else None
    if wanted and found is None:
        raise unknown("tenant_id")
    return found


def _service(tenant_id: UUID | None, wanted: UUID | None) -> ServiceAccount | None:
    found = ServiceAccount.objects.filter(pk=wanted, tenant=tenant_id).first() if wanted and tenant_id else None
    if wanted and found is None:
        raise unknown("service_id")
    return found


def _refused(request: HttpRequest, app: Client | None, found: ValidationError) -> ApiError:
    above = delegation.fields_above(found)
    return app_above(request, app, above, faults_of(found)) if above else invalid(found)


def _detail(one: Client) -> dict[str, Any]:
    secrets = ClientSecret.objects.filter(client=one).order_by("-created_at", "-pk")
    plain = [name for name in ClientDetailOut.model_fields if name != "secrets"]
    return {name: getattr(one, name) for name in plain} | {"secrets": [_secret(secret) for secret in secrets]}


def _secret(secret: ClientSecret) -> dict[str, Any]:
    is_valid = secret.expires_at is None or secret.expires_at > timezone.now()
    return {name: getattr(secret, name) for name in SecretOut.model_fields if name != "is_valid"} | {
        "is_valid": is_valid
    }


def _fields(schema: type[Schema], row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}
