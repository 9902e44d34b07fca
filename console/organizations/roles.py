"""Roles in the admin. Nobody can create or change a role with more rights than their own."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Permission
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.organizations import delegation, roles
from accounts.organizations.delegation import NotDelegated
from console.lists.deletion import CountedDeletion
from console.lists.search import FoundByWords
from console.organizations.asking import PassesActor, RequestedBy
from console.reauthentication import ReauthenticationFirst
from console.scope import actor


class RoleForm(RequestedBy):
    class Meta:
        model = Role
        fields = ("name", "tenant", "description", "permissions", "scopes")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        role: Role = self.instance
        if not self.person.is_superuser:
            role.tenant_id = self.person.active_membership.tenant_id if self.person.active_membership else None
        permissions = {f"{p.content_type.app_label}.{p.codename}" for p in cleaned.get("permissions", ())}
        try:
            delegation.check_definition(self.person, role, permissions, cleaned.get("scopes", ()))
        except NotDelegated as refused:
            self.refuse_above(role, reason=refused.reason)
        return cleaned


@admin.register(Role)
class RoleAdmin(FoundByWords, ReauthenticationFirst, CountedDeletion, PassesActor):
    form = RoleForm
    list_display = ("name", "tenant", "description")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant",)
    filter_horizontal = ("permissions",)
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        every = ("name", "tenant", "description", "permissions", "scopes")
        return every if actor(request).is_superuser else tuple(name for name in every if name != "tenant")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        """Never delete a built-in role: the next version would create it again, without its memberships."""
        may = super().has_delete_permission(request, obj) and self._is_within_reach(request, obj)
        return may and not (obj and roles.is_built_in(obj))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        role = self.get_object(request, unquote(object_id))
        if role is None or not roles.is_built_in(role) or not self.has_change_permission(request, role):
            return super().delete_view(request, object_id, extra_context)
        if reauthentication := self._require_reauthentication(request):
            return reauthentication
        self.message_user(request, _("A role that comes with the product cannot be deleted."), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:accounts_role_change", args=[role.pk]))

    def _is_within_reach(self, request: HttpRequest, role: Role | None) -> bool:
        return role is None or delegation.may_define(actor(request), role, delegation.permissions_of(role), role.scopes)
