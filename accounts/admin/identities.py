"""Identities in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.looking import ReadOnlyInline
from accounts.admin_scope import Scoped
from accounts.models import Identity, Membership


class IdentityInline(ReadOnlyInline):
    model = Identity
    fields = readonly_fields = ("provider", "issuer", "subject", "email", "email_verified", "created_at")


@admin.register(Identity)
class IdentityAdmin(Scoped[Identity]):
    """For looking only: connecting is the person's own act, and the trail tells its story."""

    list_display = ("provider", "subject", "email", "email_verified", "user", "created_at")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("=subject", "=email")
    show_full_result_count = False

    def scoped(self, request: HttpRequest, queryset: QuerySet[Identity]) -> QuerySet[Identity]:
        return queryset.filter(user__in=Membership.objects.values("user_id"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False
