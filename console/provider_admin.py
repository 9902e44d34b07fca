"""The providers' models in Django admin. allauth's tables, which stay empty, are not shown (ADR 1)."""

from typing import Any

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import name_of
from console.lists.paging import KeysetAdmin
from console.references.pages import connect_view, find_view, page_of
from console.scope import OnlySuperusers
from providers.models import RefusedIdentity, UpstreamTokens

for model in (SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


@admin.register(UpstreamTokens)
class UpstreamTokensAdmin(KeysetAdmin, OnlySuperusers[UpstreamTokens]):
    """The state of each identity's tokens. The tokens themselves are never shown."""

    list_display = ("provider_name", "user", "health", "detail", "failing_since", "given_at", "expires_at")
    list_filter = ("health",)
    list_select_related = ("identity__user",)
    ordering = ("-pk",)
    fields = (
        "provider_name",
        "user",
        "health",
        "detail",
        "failures",
        "failing_since",
        "paused_until",
        "given_at",
        "expires_at",
        "scopes",
    )
    readonly_fields = ("provider_name", "user")

    @admin.display(description=_("provider"))
    def provider_name(self, tokens: UpstreamTokens) -> str:
        return name_of(tokens.provider)

    @admin.display(description=_("user"))
    def user(self, tokens: UpstreamTokens) -> str:
        return str(tokens.identity.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UpstreamTokens]:
        return super().get_queryset(request).defer("access", "refresh", "id_token")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: UpstreamTokens | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UpstreamTokens | None = None) -> bool:
        return False


@admin.register(RefusedIdentity)
class RefusedIdentityAdmin(KeysetAdmin, OnlySuperusers[RefusedIdentity]):
    """Recently refused identities. Each has a page by its reference, which other administrators can find too."""

    list_display = ("by_reference", "provider_name", "email", "name", "refused_at")
    list_display_links = None
    ordering = ("-id",)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("find/", self.admin_site.admin_view(find_view), name="find_reference"),
            path("find/<str:reference>/connect/", self.admin_site.admin_view(connect_view), name="connect_identity"),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RefusedIdentity]:
        return super().get_queryset(request).defer("claims")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            return super().change_view(request, object_id, *args, **kwargs)  # shows the error
        return HttpResponseRedirect(page_of(row.reference))

    @admin.display(description=_("reference"))
    def by_reference(self, row: RefusedIdentity) -> SafeString:
        return format_html('<a href="{}">{}</a>', page_of(row.reference), row.reference)

    @admin.display(description=_("provider"))
    def provider_name(self, row: RefusedIdentity) -> str:
        return name_of(row.provider)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RefusedIdentity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RefusedIdentity | None = None) -> bool:
        return False
