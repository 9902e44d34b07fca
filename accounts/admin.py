"""People in Django admin: found by whatever one has at hand, shown with their ways in and their sessions."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.browsers import name_browser
from accounts.models import Identity, User
from accounts.provider_names import name_of


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that only people themselves and jobs change."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class IdentityInline(ReadOnlyInline):
    model = Identity
    fields = readonly_fields = ("provider", "issuer", "subject", "email", "email_verified", "created_at")


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    form = UserForm
    add_form = NewUserForm
    list_display = ("name_shown", "email", "email_verified", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "email_verified")
    ordering = ("-created_at",)
    search_fields = ("email",)  # get_search_results below decides
    search_help_text = _("Exact id or subject, or the beginning of an address, a name or a local name.")
    readonly_fields = ("id", "created_at", "sessions_shown")
    show_full_result_count = False
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("id", "name", "email", "email_verified", "created_at")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Local account"), {"fields": ("username", "password")}),
        (_("Sessions"), {"fields": ("sessions_shown",)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "name", "usable_password", "password1", "password2")}),)
    inlines = (IdentityInline,)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        return list(super().get_inlines(request, obj)) if obj else []

    @admin.display(description=_("name"), ordering="name")
    def name_shown(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("sessions"))
    def sessions_shown(self, user: User) -> str:
        """A table and not an inline, which would carry the keys that open the sessions."""
        rows = (
            (name_browser(row.user_agent), row.address or "", name_of(row.provider), date_format(row.last_seen_at, "r"))
            for row in user.sessions.live()
        )
        return format_html_join("\n", "<p>{}, {}, {}, {}</p>", rows) or gettext("None.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find by indexes only, whatever the number of people."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if (person := _uuid(term)) is not None:
            return queryset.filter(pk=person), False
        by_subject = Identity.objects.filter(subject=term).values("user_id")
        found = Q(email_lower__startswith=term.lower()) | Q(name__istartswith=term) | Q(username=term)
        return queryset.alias(email_lower=Lower("email")).filter(found | Q(pk__in=by_subject)), False


@admin.register(Identity)
class IdentityAdmin(admin.ModelAdmin[Identity]):
    """For looking only: connecting is the person's own act, and the trail tells its story."""

    list_display = ("provider", "subject", "email", "email_verified", "user", "created_at")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("=subject", "=email")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Identity | None = None) -> bool:
        return False


admin.site.unregister(EmailAddress)  # allauth's table, which stays empty (ADR 2)
admin.site.unregister(Authenticator)  # secrets, in a form that would write them


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
