"""Scopes and resource servers in the admin. Both mean the same on the whole site, so superusers decide on them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from authserver import resources, scopes
from authserver.models import RegisteredScope, Resource
from console.lists.search import FoundByWords
from console.reauthentication import ReauthenticationFirst
from console.scope import OnlySuperusers, Scoped, actor


class ScopeForm(forms.ModelForm[RegisteredScope]):
    class Meta:
        model = RegisteredScope
        fields = ("name", "description", "includes", "is_advertised")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in scopes.BUILT_IN:
            raise ValidationError(_("This scope comes with the product."))
        return name


@admin.register(RegisteredScope)
class RegisteredScopeAdmin(FoundByWords, ReauthenticationFirst, OnlySuperusers[Any]):
    """The scopes beside those of OpenID Connect. Their description is what people read before they agree."""

    form = ScopeForm
    list_display = ("name", "description", "is_advertised")
    list_filter = ("is_advertised",)
    found_by = ("name", "description")
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: RegisteredScope | None = None) -> Any:
        return ("name",) if obj else ()


class ResourceForm(forms.ModelForm[Resource]):
    class Meta:
        model = Resource
        fields = ("identifier", "name", "tenant")

    def clean_identifier(self) -> str:
        identifier: str = self.cleaned_data["identifier"]
        if not resources.is_identifier(identifier):
            raise ValidationError(_("A resource server is an absolute URL without a fragment."))
        return identifier


@admin.register(Resource)
class ResourceAdmin(FoundByWords, ReauthenticationFirst, Scoped[Any]):
    """The resource servers. Whoever could name one could have tokens made for the server of another tenant.

    So a tenant's administrators only see those of their tenant, for which their apps may get tokens.
    """

    form = ResourceForm
    list_display = ("identifier", "name", "tenant")
    list_select_related = ("tenant",)
    found_by = ("name", "identifier")
    autocomplete_fields = ("tenant",)
    show_full_result_count = False

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fields(self, request: HttpRequest, obj: Resource | None = None) -> Any:
        return ("identifier", "name", "tenant") if actor(request).is_superuser else ("identifier", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Resource | None = None) -> Any:
        return ("identifier",) if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:
        return actor(request).is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:
        return actor(request).is_superuser and super().has_delete_permission(request, obj)
