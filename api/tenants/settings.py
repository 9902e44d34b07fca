"""``/v1/tenants/{tenant_id}/settings``: how an organization is called, and how long its people stay signed in."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from accounts.models import Tenant
from api.guards import requires
from api.inputs import Input, Line, invalid
from authserver.scopes import SETTINGS_READ, SETTINGS_WRITE

router = Router(tags=["Organizations: settings"])
READ = requires(scope=SETTINGS_READ, permission="accounts.view_tenant", tenant=True)
WRITE = requires(scope=SETTINGS_WRITE, permission="accounts.change_tenant", tenant=True, fresh="10m")


class SettingsOut(Schema):
    """How the organization is called, and how long its people stay signed in; empty means as long as the site says."""

    id: UUID
    name: str
    slug: str
    session_idle_minutes: int | None
    session_lifetime_hours: int | None
    remembered_idle_days: int | None
    remembered_lifetime_days: int | None


class SettingsIn(Input):
    """What to change; a setting that is left out stays. Null means as long as the site says."""

    name: Line = Field("", max_length=150, examples=["Abbey"])
    session_idle_minutes: int | None = Field(None, examples=[30], description="5 to 1440")
    session_lifetime_hours: int | None = Field(None, examples=[12], description="1 to 720")
    remembered_idle_days: int | None = Field(None, examples=[7], description="1 to 90")
    remembered_lifetime_days: int | None = Field(None, examples=[30], description="1 to 365")


@router.get("/tenants/{tenant_id}/settings", response=SettingsOut, auth=READ)
def tenant_settings(request: HttpRequest, tenant_id: UUID) -> dict[str, Any]:
    """Return the settings of the organization."""
    return _settings(get_object_or_404(Tenant, pk=tenant_id))


@router.patch("/tenants/{tenant_id}/settings", response=SettingsOut, auth=WRITE)
def change_settings(request: HttpRequest, tenant_id: UUID, wanted: SettingsIn) -> dict[str, Any]:
    """Change settings of the organization, at once for everybody who belongs there."""
    tenant = get_object_or_404(Tenant.objects.select_for_update(no_key=True), pk=tenant_id)
    changed = {name: value for name, value in wanted.dict(exclude_unset=True).items() if getattr(tenant, name) != value}
    for name, value in changed.items():
        setattr(tenant, name, value)
    try:
        tenant.full_clean()
    except ValidationError as found:
        raise invalid(found) from None
    if changed:
        tenant.save(update_fields=list(changed))
    return _settings(tenant)


def _settings(tenant: Tenant) -> dict[str, Any]:
    return {name: getattr(tenant, name) for name in SettingsOut.model_fields}
