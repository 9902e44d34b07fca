"""Protected hosts in the admin. People are sent to these hosts, so superusers decide on them."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from authserver.models import ProtectedHost
from console.lists.search import FoundByWords
from console.reauthentication import ReauthenticationFirst
from console.scope import NarrowChoices, OnlySuperusers


@admin.register(ProtectedHost)
class ProtectedHostAdmin(FoundByWords, ReauthenticationFirst, NarrowChoices[Any], OnlySuperusers[Any]):
    list_display = ("name", "origin", "tenant", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("tenant",)
    found_by = ("name", "origin")
    autocomplete_fields = ("tenant",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("name", "origin", "is_active")}),
        (_("Who may open it"), {"fields": ("tenant", "org_roles", "scope", "role")}),
        (_("How they have signed in"), {"fields": ("fresh_minutes", "needs_second_factor")}),
    )
