"""The page where people choose their display name, or go back to the one from a provider."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import Identity, User
from accounts.organizations.middleware import without_tenant
from accounts.own_account import name_change
from accounts.sessions.signed_in import signed_in
from accounts.sign_in.provider_names import name_of
from foundation.display_names import NameField, clean_name


class NameForm(forms.Form):
    name = NameField(label=gettext_lazy("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))


@dataclass(frozen=True, kw_only=True)
class ProvidedName:
    """A name of the person that a provider sent."""

    identity_id: int
    provider: str
    name: str
    is_used: bool


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: HttpRequest, person: User) -> HttpResponse:
    """Show the name and where it comes from; accept a new one, or follow a provider again (``identity``)."""
    identities = {str(identity.pk): identity for identity in Identity.objects.of(person) if clean_name(identity.name)}
    if request.method == "POST" and (chosen := identities.get(request.POST.get("identity", ""))):
        name_change.follow_provider(person, chosen)
        return _changed(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": person.name})
    if form.is_valid():
        name_change.set_name(person, form.cleaned_data["name"])
        return _changed(request)
    context = {
        "person": person,
        "form": form,
        "provided": [_provided_names(person, identity) for identity in identities.values()],
    }
    return render(request, "accounts/name.html", context, status=422 if form.errors else 200)


def _provided_names(person: User, identity: Identity) -> ProvidedName:
    return ProvidedName(
        identity_id=identity.pk,
        provider=name_of(identity.provider),
        name=identity.name,
        is_used=not person.name_set_here and person.name == identity.name,
    )


def _changed(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Your name is saved."))
    return redirect("account")
