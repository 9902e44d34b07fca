"""The page of the account with the apps that may act for its person, where each can be stopped."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Tenant, User
from accounts.organizations.middleware import without_tenant
from accounts.sessions.signed_in import signed_in
from authserver import scopes
from authserver.authorization import consents
from authserver.authorization.own_incidents import incidents_of
from authserver.authorization.page import host_of
from authserver.models import Consent
from foundation.post_only import post_only
from tenancy import site_context


@dataclass(frozen=True, kw_only=True)
class ConnectedApp:
    """An app with what a person lets it do. ``host`` is where it sends people back to."""

    name: str
    host: str
    organization: str
    wishes: list[str | Promise]
    since: datetime
    last_used_at: datetime
    withdraw_url: str


@without_tenant
@require_safe
@signed_in
def listed(request: HttpRequest, user: User) -> HttpResponse:
    context = {"apps": apps_of(user), "incidents": incidents_of(user)}
    return render(request, "authserver/connected_apps.html", context)


@without_tenant
@post_only("connected-apps")
@signed_in
def withdraw(request: HttpRequest, user: User, consent_id: UUID) -> HttpResponse:
    if consents.withdraw(Consent.objects.filter(pk=consent_id, user=user), reason="owner"):
        messages.success(request, _("The app can no longer act for you. All its access has ended."))
    return redirect("connected-apps")


def apps_of(user: User) -> list[ConnectedApp]:
    """Return the apps that may act for a person, the one last used first."""
    rows = consents.valid_of(user)
    with site_context("a person reads the names of organizations"):
        tenants = Tenant.objects.filter(pk__in=[row.tenant_id for row in rows])
        names: dict[UUID | None, str] = {tenant.pk: tenant.name for tenant in tenants}
    words = scopes.in_words({name for row in rows for name in row.scopes})
    return [
        ConnectedApp(
            name=row.client.name,
            host=host_of(row.client.redirect_uris[0]) if row.client.redirect_uris else "",
            organization=names.get(row.tenant_id, ""),
            wishes=[words[name] for name in row.scopes],
            since=row.created_at,
            last_used_at=row.last_used_at,
            withdraw_url=reverse("withdraw-consent", kwargs={"consent_id": row.pk}),
        )
        for row in rows
    ]
