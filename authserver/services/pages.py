"""The pages of the account with a person's own API keys: list, create, revoke."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Tenant, User
from accounts.organizations.middleware import without_tenant
from accounts.sessions.signed_in import signed_in
from accounts.sign_in import rate_limits
from accounts.sign_in.reauthentication import gate
from authserver.models import ApiKey, RegisteredScope
from authserver.scopes import BUILT_IN, in_words
from authserver.services import issuing, key_text
from authserver.services.keys import OWN
from foundation.display_names import NameField
from foundation.post_only import post_only
from tenancy import person_context

CREATED = rate_limits.Limit(kind="api_keys.created", most=60, seconds=3600)  # by each person; revoked ones stay a while
LIFETIMES = [
    (7, gettext_lazy("7 days")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("a year")),
]


class KeyForm(forms.Form):
    """A new key. It can have the scopes that its person has now."""

    name = NameField(label=gettext_lazy("Where will you use it?"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What can it do?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("How long should it work?"),
        choices=LIFETIMES,
        coerce=int,
        initial=90,
        widget=forms.RadioSelect,
    )

    def __init__(self, person: User, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # the data of the form
        field = self.fields["scopes"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = offered(person)


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key as its owner sees it."""

    name: str
    prefix: str
    organization: str
    wishes: list[str | Promise]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    revoke_url: str


@without_tenant
@require_safe
@signed_in
def listed(request: HttpRequest, user: User) -> HttpResponse:
    return render(request, "authserver/keys.html", {"keys": keys_of(user)})


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@gate.reauthentication_required
def create(request: HttpRequest, user: User) -> HttpResponse:
    """Create a key. Only this response shows it: nothing stores it, and no page is cached."""
    form = KeyForm(user, request.POST) if request.method == "POST" else KeyForm(user)
    if form.is_valid():
        if rate_limits.is_over_anyway(CREATED, str(user.pk)):
            return rate_limits.too_many_requests(CREATED)
        membership = user.active_membership
        expires_at = timezone.now() + timedelta(days=form.cleaned_data["days"])
        try:
            with person_context(user.pk):
                new = issuing.create_for_person(
                    user,
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    tenant_id=membership.tenant_id if membership else None,
                    expires_at=expires_at,
                )
        except ValidationError as invalid:
            form.add_error(None, invalid.messages)
        else:
            return render(request, "authserver/key_created.html", {"key": new.text, "name": new.key.name})
    return render(request, "authserver/create_key.html", {"form": form}, status=422 if form.errors else 200)


@without_tenant
@post_only("api-keys")
@signed_in
def revoke(request: HttpRequest, user: User, key_id: UUID) -> HttpResponse:
    with person_context(user.pk):
        found = ApiKey.objects.filter(pk=key_id, user=user).first()
        is_done = found is not None and issuing.revoke(found)
    if is_done:
        messages.success(request, _("The key is revoked. Nothing can use it any more."))
    return redirect("api-keys")


def keys_of(user: User) -> list[OwnKey]:
    """Return the keys of a person that are neither revoked nor expired, the newest first."""
    with person_context(user.pk):
        rows = list(ApiKey.objects.filter(user=user, revoked_at=None, expires_at__gt=timezone.now()))
        tenants = Tenant.objects.filter(pk__in=[row.tenant_id for row in rows])
        names: dict[UUID | None, str] = {tenant.pk: tenant.name for tenant in tenants}
    words = in_words({name for row in rows for name in row.scopes})
    return [
        OwnKey(
            name=row.name,
            prefix=f"{key_text.PREFIX}{row.public_id}",
            organization=names.get(row.tenant_id, ""),
            wishes=[words[name] for name in row.scopes],
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            revoke_url=reverse("revoke-api-key", kwargs={"key_id": row.pk}),
        )
        for row in rows
    ]


def offered(person: User) -> list[tuple[str, str]]:
    """Return the scopes that a person can give a key, each with what it allows."""
    own = dict(RegisteredScope.objects.values_list("name", "description"))
    membership = person.active_membership
    names = own.keys() if person.is_superuser else membership.scopes if membership else ()
    texts = {name: own.get(name) or "" for name in sorted(names)} | {name: str(BUILT_IN[name]) for name in OWN}
    return [(name, f"{name}: {text}" if text else name) for name, text in texts.items()]
