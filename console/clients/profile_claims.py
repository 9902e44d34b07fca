"""Profile claims in the admin: superusers define what the site says about people, and give them values."""

from typing import Any

from django.contrib import admin

from authserver.models import ProfileClaim, ProfileValue
from console.lists.search import FoundByWords
from console.reauthentication import ReauthenticationFirst
from console.scope import NarrowChoices, OnlySuperusers


@admin.register(ProfileClaim)
class ProfileClaimAdmin(FoundByWords, ReauthenticationFirst, OnlySuperusers[Any]):
    list_display = ("name", "description", "scope", "is_in_access_tokens")
    found_by = ("name", "description")
    show_full_result_count = False


@admin.register(ProfileValue)
class ProfileValueAdmin(ReauthenticationFirst, NarrowChoices[Any], OnlySuperusers[Any]):
    list_display = ("user", "claim", "value")
    list_filter = ("claim",)
    list_select_related = ("user", "claim")
    autocomplete_fields = ("user", "claim")
    search_fields = ("=user__id",)
    show_full_result_count = False
