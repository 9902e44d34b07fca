"""The API keys that work in a tenant, in the admin. A service's keys are created on its page."""

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.organizations import delegation
from authserver.models import ApiKey
from authserver.services import issuing
from console.reauthentication import ReauthenticationFirst
from console.scope import Scoped, actor
from console.services.shown_once import key_page


@admin.register(ApiKey)
class ApiKeyAdmin(ReauthenticationFirst, Scoped[ApiKey]):
    """Keys never change: they are revoked, and those of services are rotated. People create and rotate their own."""

    dangerous_actions = frozenset({"rotate_chosen"})
    list_display = ("name", "public_id", "holder_shown", "creator_shown", "state_shown", "last_used_at", "expires_at")
    list_select_related = ("service__owner", "user", "created_by")
    show_full_result_count = False
    actions = ("revoke_chosen", "rotate_chosen")
    fields = readonly_fields = (
        "name", "public_id", "holder_shown", "owner_shown", "creator_shown", "seen_shown", "scopes", "state_shown",
        "created_at", "last_used_at", "expires_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Allow deletion only together with the service. In the list, a key is revoked."""
        own_page = request.resolver_match and (request.resolver_match.url_name or "").startswith("authserver_apikey")
        return not own_page and super().has_delete_permission(request, obj)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("authserver.change_apikey")

    @admin.action(description=_("Revoke at once"), permissions=["act"])
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = sum(issuing.revoke(key) for key in queryset)
        self.message_user(request, _now("%d keys were revoked.") % count, messages.SUCCESS)

    @admin.action(description=_("Rotate: a new key, the old one works for a week"), permissions=["act"])
    def rotate_chosen(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        """Show the successor of one key of a service, within the administrator's own rights."""
        chosen = list(queryset.select_related("service")[:2])
        service = chosen[0].service if len(chosen) == 1 else None
        if service is None:
            self.message_user(request, _now("Choose one key of a service."), messages.ERROR)
            return None
        if not delegation.has_all(actor(request), service.tenant_id, (), chosen[0].scopes):
            self.message_user(request, delegation.ABOVE, messages.ERROR)
            return None
        try:
            new = issuing.rotate(chosen[0], creator=actor(request))
        except ValidationError as refused:
            self.message_user(request, " ".join(refused.messages), messages.ERROR)
            return None
        return key_page(self, request, new)

    @admin.display(description=_("of"))
    def holder_shown(self, key: ApiKey) -> str:
        return str(key.service or key.user)

    @admin.display(description=_("owner"))
    def owner_shown(self, key: ApiKey) -> str:
        """Return who answers for the key, and whose rights limit it."""
        owner = key.service.owner if key.service else key.user
        return owner.name or "-" if owner else "-"

    @admin.display(description=_("created by"))
    def creator_shown(self, key: ApiKey) -> str:
        """Return a name without a link, which would reveal an id: a superuser may not belong to the tenant."""
        creator = key.created_by or key.user
        return creator.name or "-" if creator else str(_("a command"))

    @admin.display(description=_("who has seen it"))
    def seen_shown(self, key: ApiKey) -> str:
        """Say whether the person who created a service's key may still know keys of this tenant."""
        if key.created_by is None or key.created_by.is_superuser or key.tenant_id is None:
            return "-"
        if Membership.objects.filter(user=key.created_by, tenant_id=key.tenant_id).exists():
            return str(_("A member of the tenant."))
        return str(_("Whoever created it does not belong to the tenant any more. Rotate it."))

    @admin.display(description=_("state"))
    def state_shown(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return str(_("revoked"))
        return str(_("valid") if key.is_usable else _("expired"))
