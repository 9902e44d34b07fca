"""Tenants, roles and memberships in the admin."""

from django.contrib import admin

from accounts.models import Membership, Role, Tenant


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "=slug", "=id")
    show_full_result_count = False


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin[Role]):
    list_display = ("name", "tenant", "description")
    list_select_related = ("tenant",)
    search_fields = ("name",)
    autocomplete_fields = ("tenant",)
    filter_horizontal = ("permissions",)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("user", "tenant", "role", "is_primary", "created_at")
    list_select_related = ("user", "tenant", "role")
    autocomplete_fields = ("user", "tenant", "role")
    search_fields = ("user__email",)
    show_full_result_count = False
