"""What providers have to show in Django admin: none of allauth's tables, which stay empty (ADR 1)."""

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_scope import OnlySuperusers
from accounts.provider_names import name_of
from audit.paging import KeysetAdmin
from providers.models import UpstreamTokens

for model in (SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


@admin.register(UpstreamTokens)
class UpstreamTokensAdmin(KeysetAdmin, OnlySuperusers[UpstreamTokens]):
    """How it stands with the tokens of each identity. Not the tokens: nobody sees those."""

    list_display = ("provider", "user", "health", "trouble", "failing_since", "given_at", "expires_at")
    list_filter = ("health",)
    list_select_related = ("identity__user",)
    ordering = ("-identity",)
    fields = (
        "provider",
        "user",
        "health",
        "trouble",
        "failures",
        "failing_since",
        "rest_until",
        "given_at",
        "expires_at",
        "scopes",
    )
    readonly_fields = ("provider", "user")

    @admin.display(description=_("provider"))
    def provider(self, tokens: UpstreamTokens) -> str:
        return name_of(tokens.identity.provider)

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
