"""People in Django admin: found by whatever one has at hand, shown with their ways in and their sessions."""

from uuid import UUID

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.user_page import UserPage
from accounts.models import Identity, User


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "name")


@admin.register(User)
class UserAdmin(UserPage, DjangoUserAdmin[User]):
    add_form = NewUserForm
    list_display = ("name_shown", "email", "email_verified", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "email_verified")
    ordering = ("-created_at",)
    search_fields = ("email",)  # get_search_results below decides
    search_help_text = _("Exact id or subject, or the beginning of an address, a name or a local name.")
    show_full_result_count = False
    filter_horizontal = ("groups", "user_permissions")
    add_fieldsets = ((None, {"fields": ("username", "name", "usable_password", "password1", "password2")}),)

    @admin.display(description=_("name"), ordering="name")
    def name_shown(self, user: User) -> str:
        return str(user)

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


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
