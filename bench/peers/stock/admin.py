"""ModelAdmins as the documentation shows them, with search fields, filters and columns."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from bench.peers.stock.models import Identity, Membership, Person, Tenant


class IdentityInline(admin.TabularInline[Identity, Person]):
    model = Identity
    extra = 0


class MembershipInline(admin.TabularInline[Membership, Person]):
    model = Membership
    extra = 0
    autocomplete_fields = ("tenant",)


@admin.register(Person)
class PersonAdmin(UserAdmin[Person]):
    list_display = ("name", "email", "email_verified", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "email_verified")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    readonly_fields = ("created_at",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("username", "password", "name", "email", "email_verified", "created_at")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    inlines = (IdentityInline, MembershipInline)


@admin.register(Identity)
class IdentityAdmin(admin.ModelAdmin[Identity]):
    list_display = ("provider", "subject", "person", "created_at")
    list_filter = ("provider",)
    list_select_related = ("person",)
    search_fields = ("subject",)
    raw_id_fields = ("person",)


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    search_fields = ("name", "slug")
