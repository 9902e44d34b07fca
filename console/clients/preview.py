"""The preview of tokens: what an app would learn about a person, before anybody signs in to it."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from authserver.models import Client
from authserver.preview import preview
from console.scope import Scoped, actor
from foundation.canonical_email import canonical_or_none


class PreviewForm(forms.Form):
    """The person of a preview, named as on the command line: an address that is not verified names nobody (ADR 2)."""

    person = forms.CharField(
        label=_("Person"), max_length=254, help_text=_("The id, the username or the verified e-mail address.")
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = reader

    def clean_person(self) -> User:
        """Find a person whom the administrator may see: superusers everybody, others the members of their tenant."""
        people = User.objects.filter(_named(self.cleaned_data["person"]))
        if not self.reader.is_superuser:
            people = people.filter(pk__in=Membership.objects.values("user_id"))
        found = list(people[:2])
        if len(found) != 1:
            raise forms.ValidationError(_("There is no such person here."))
        return found[0]


def _named(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return Q(username=text) | Q(canonical_email=canonical_or_none(text) or "", email_verified=True)


class PreviewsTokens(Scoped[Any]):
    """Adds the page of the preview to that of an app."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("<uuid:key>/preview/", view, name="authserver_client_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Show the form, and with an id in the URL the claims of each token. It issues nothing."""
        client = self.get_object(request, str(key))
        if client is None:
            raise Http404
        if not self.has_view_permission(request, client):
            raise PermissionDenied
        form = PreviewForm(request.GET if "person" in request.GET else None, reader=actor(request))
        tokens = _tokens(request, client, form.cleaned_data["person"]) if form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("What this app would learn"),
            "opts": self.opts,
            "client": client,
            "form": form,
            "tokens": tokens,
            "is_inactive": tokens == [],
            "page": reverse("admin:authserver_client_change", args=[client.pk]),
        }
        return TemplateResponse(request, "admin/authserver/client/preview.html", context)


def _tokens(request: HttpRequest, client: Client, person: User) -> list[tuple[Any, list[tuple[str, str]]]]:
    reader = actor(request)
    membership = reader.active_membership
    tenant_id = client.tenant_id or (membership.tenant_id if membership else None)
    found = preview(client, person, tenant_id, scopes=client.scopes, of_tenant_only=not reader.is_superuser)
    if found is None:
        return []
    named = ((_("ID token"), found.id_token), (_("Access token"), found.access_token), (_("Userinfo"), found.userinfo))
    return [(title, [(name, _text(value)) for name, value in said.items()]) for title, said in named]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
