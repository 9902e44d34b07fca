"""The page by which a person sets their own name, or takes the one that a provider tells again."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Identity, User
from accounts.organizations.middleware import without_tenant
from accounts.own_account.forms import NameForm
from accounts.sessions.signed_in import signed_in
from accounts.sign_in.provider_names import name_of
from foundation.display_names import clean_name


@dataclass(frozen=True, kw_only=True)
class Told:
    """A name that a provider tells of the person."""

    identity_id: int
    provider: str
    name: str
    is_used: bool


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: HttpRequest, person: User) -> HttpResponse:
    """Show the name and where it comes from; take one that is typed, or give it back to a provider (``identity``)."""
    identities = {str(identity.pk): identity for identity in Identity.objects.of(person) if clean_name(identity.name)}
    if request.method == "POST" and (chosen := identities.get(request.POST.get("identity", ""))):
        return _set(request, person, clean_name(chosen.name), set_here=False)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": person.name})
    if form.is_valid():
        return _set(request, person, form.cleaned_data["name"], set_here=True)
    context = {
        "person": person,
        "form": form,
        "told": [_told(person, identity) for identity in identities.values()],
    }
    return render(request, "accounts/name.html", context, status=422 if form.errors else 200)


def _told(person: User, identity: Identity) -> Told:
    return Told(
        identity_id=identity.pk,
        provider=name_of(identity.provider),
        name=identity.name,
        is_used=not person.name_set_here and person.name == identity.name,
    )


def _set(request: HttpRequest, person: User, name: str, *, set_here: bool) -> HttpResponse:
    """Only what is set is written: the person was read when the request began."""
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).filter(pk=person.pk).first()
        if held is not None and (held.name, held.name_set_here) != (name, set_here):
            held.name, held.name_set_here = name, set_here
            held.save(update_fields=["name", "name_set_here"])
    messages.success(request, _("Your name is saved."))
    return redirect("account")
