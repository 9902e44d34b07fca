"""ModelAdmins as the documentation shows them: what is searched for, what is filtered by, what is shown."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest

from bench.peers.stock.models import Identity, LogEntry, Membership, Person, Tenant


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


class KindFilter(admin.SimpleListFilter):
    title = "resource type"
    parameter_name = "resource_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.model, kind.model) for kind in ContentType.objects.filter(app_label="stock")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        return queryset.filter(content_type__model=self.value()) if self.value() else queryset


@admin.register(LogEntry)
class LogEntryAdmin(admin.ModelAdmin[LogEntry]):
    """Columns, filters and searched fields as django-auditlog 3 has them."""

    list_select_related = ("content_type", "actor")
    list_display = ("timestamp", "object_repr", "action", "changes", "actor", "cid")
    search_fields = ("timestamp", "object_repr", "changes", "actor__username")
    list_filter = ("action", KindFilter)
    readonly_fields = ("timestamp", "actor", "object_repr", "action", "changes", "cid", "content_type", "object_pk")
    fields = readonly_fields

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return True
