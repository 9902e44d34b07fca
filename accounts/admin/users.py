"""People in Django admin, shown with their ways in and their sessions; the list of them is in ``people``."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin.identities import IdentityInline
from accounts.admin.people import PeopleList
from accounts.browsers import name_browser
from accounts.models import User
from accounts.provider_names import name_of


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "name")


@admin.register(User)
class UserAdmin(PeopleList, DjangoUserAdmin[User]):
    form = UserForm
    add_form = NewUserForm
    readonly_fields = ("id", "created_at", "sessions_shown")
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

    @admin.display(description=_("sessions"))
    def sessions_shown(self, user: User) -> str:
        """A table and not an inline, which would carry the keys that open the sessions."""
        rows = (
            (name_browser(row.user_agent), row.address or "", name_of(row.provider), date_format(row.last_seen_at, "r"))
            for row in user.sessions.live()
        )
        return format_html_join("\n", "<p>{}, {}, {}, {}</p>", rows) or gettext("None.")
