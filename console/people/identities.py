"""Identities in the admin."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Identity, Membership
from accounts.people import search
from console.lists.export import ExportAdmin
from console.lists.filtering import ProviderOfIdentityFilter
from console.lists.paging import KeysetAdmin
from console.scope import Scoped, people_of


@admin.register(Identity)
class IdentityAdmin(ExportAdmin, KeysetAdmin, Scoped[Identity]):
    """Read-only: only the person connects an identity, and the trail records it."""

    list_display = ("provider", "subject", "email", "email_verified", "user", "created_at")
    list_filter = (ProviderOfIdentityFilter,)
    list_select_related = ("user",)
    ordering = ("-id",)
    search_fields = ("subject",)  # any value shows the box; get_search_results does the search
    search_help_text = _("A whole subject, or whatever finds the person.")
    export_columns: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "provider": "provider",
        "issuer": "issuer",
        "subject": "subject",
        "email": "email",
        "email_verified": "email_verified",
        "user_id": "user_id",
        "created_at": "created_at",
    }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Identity], search_term: str
    ) -> tuple[QuerySet[Identity], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if self.get_queryset(request).filter(subject=term).exists():  # in scope: other tenants' must not matter
            return queryset.filter(subject=term), False
        return queryset.filter(user__in=search.find(people_of(self, request), term)), False

    def scoped(self, request: HttpRequest, queryset: QuerySet[Identity]) -> QuerySet[Identity]:
        return queryset.filter(user__in=Membership.objects.values("user_id"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False
