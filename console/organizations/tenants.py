"""Tenants in the admin."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import ClaimRule, Membership, Tenant
from accounts.organizations import memberships
from accounts.organizations.claim_rules import applying
from audit.context import acting
from console.lists.deletion import CountedDeletion
from console.lists.search import FoundByWords
from console.organizations.asking import session_to_keep
from console.reauthentication import ReauthenticationFirst
from console.scope import Scoped, actor
from providers.models import Connection

LONGEST_REASON = 500  # characters
LIMITS: dict[str, Callable[[], int]] = {  # of sessions, each with the site's own limit
    "session_idle_minutes": lambda: settings.SESSION_IDLE // timedelta(minutes=1),
    "session_lifetime_hours": lambda: settings.SESSION_LIFETIME // timedelta(hours=1),
    "remembered_idle_days": lambda: settings.REMEMBERED_IDLE.days,
    "remembered_lifetime_days": lambda: settings.REMEMBERED_LIFETIME.days,
}


@admin.register(Tenant)
class TenantAdmin(FoundByWords, ReauthenticationFirst, CountedDeletion, Scoped[Tenant]):
    list_display = ("name", "slug", "created_at")
    found_by = ("name", "slug")
    actions = ("delete_selected",)
    removed_first = ("accounts.Membership", "accounts.ClaimRule")
    delete_confirmation_template = "admin/accounts/tenant/delete_confirmation.html"
    readonly_fields = ("id", "created_at")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "slug", "id", "created_at")}),
        (
            _("How long people stay signed in"),
            {
                "fields": tuple(LIMITS),
                "description": _(
                    "Empty: as long as the site says. Only shorter times count, at once for everybody who belongs "
                    "here; of several organizations the strictest counts."
                ),
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LIMITS:
            field.help_text = _("The site says %(most)s.") % {"most": LIMITS[db_field.name]()}
        return field

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return actor(request).is_superuser

    @admin.action(description=_("Delete"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponseRedirect | None:
        """Replace Django's action, which deletes many with one click. Each tenant is deleted on its own page."""
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:accounts_tenant_delete", args=[chosen[0].pk]))
        self.message_user(request, _("Choose one tenant: each is deleted on a page of its own."), messages.WARNING)
        return None

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Require the tenant's name and a reason before deleting it."""
        tenant = self.get_object(request, unquote(object_id))
        name, reason = request.POST.get("name", "").strip(), request.POST.get("reason", "").strip()
        lacks_name = tenant is not None and name != tenant.name.strip()
        lacks_reason = not 0 < len(reason) <= LONGEST_REASON
        context = {"longest_reason": LONGEST_REASON, "typed": name, "reason": reason, **(extra_context or {})}
        if request.method == "POST" and tenant is not None and (lacks_name or lacks_reason):
            reauthentication = (
                self._require_reauthentication(request) if self.has_delete_permission(request, tenant) else None
            )
            request.POST = QueryDict()  # without data, Django shows the confirmation again
            context |= {"lacks_name": lacks_name, "lacks_reason": lacks_reason}
            return reauthentication or super().delete_view(request, object_id, context)
        with acting(reason=reason) if request.method == "POST" else nullcontext():
            return super().delete_view(request, object_id, context)

    def delete_model(self, request: HttpRequest, obj: Tenant) -> None:
        """Remove its claim rules, memberships and connections first: they protect roles, and sessions must end."""
        with transaction.atomic():
            applying.remove(ClaimRule.objects.filter(tenant=obj), keep=request.session.session_key)
            for membership in Membership.objects.filter(tenant=obj).select_related("user"):
                memberships.remove(membership, keep=session_to_keep(request, membership.user))
            Connection.objects.filter(tenant=obj).delete()
            super().delete_model(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        mine = super().get_readonly_fields(request, obj)
        return mine if actor(request).is_superuser else (*mine, "slug")
