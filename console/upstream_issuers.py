"""Upstream issuers in the admin: superusers decide whose access tokens the API accepts, and what these may do."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from console.clients.forms import OnePerLine
from console.late_refusals import ShowsLateRefusals
from console.lists.search import FoundByWords
from console.reauthentication import ReauthenticationFirst
from console.scope import NarrowChoices, OnlySuperusers
from providers.connections.owners import check_owner, one_owner
from providers.models import UpstreamIssuer
from providers.upstream_tokens import readiness
from providers.upstream_tokens.issuers import provider_of

BETWEEN = " = "  # theirs and ours: a scope has no blanks, and a role has none at its ends


class ScopesPerLine(OnePerLine):
    """The scopes of ours for each scope or role of theirs, one of theirs on each line."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{theirs}{BETWEEN}{' '.join(ours)}" for theirs, ours in value.items())

    def clean(self, value: Any) -> Any:
        """Return the mapping. A line without a scope of ours is an error, so that nobody takes it for a grant."""
        found: dict[str, list[str]] = {}
        for line in super().clean(value):
            theirs, between, ours = line.rpartition(BETWEEN)
            if not between or theirs in found:
                raise ValidationError(_("“%(line)s” is not one of theirs, “ = ” and ours.") % {"line": line})
            found[theirs] = ours.split()
        return found


class UpstreamIssuerForm(forms.ModelForm[UpstreamIssuer]):
    audiences = OnePerLine(label=_("Audiences"), help_text=_("Identifiers of our API there, one on each line."))
    algorithms = OnePerLine(label=_("Algorithms"), help_text=_("By which its tokens are signed, one on each line."))
    scope_claims = OnePerLine(
        label=_("Claims with scopes"), help_text=_("One on each line: scope, scp, roles or realm_access.roles.")
    )
    scopes = ScopesPerLine(
        label=_("Scopes"),
        help_text=_("One of theirs and ours on each line, such as: read:books = books:read. All others give nothing."),
    )

    class Meta:
        model = UpstreamIssuer
        fields = (
            "name", "issuer", "audiences", "algorithms", "requires_typ", "scope_claims", "scopes", "tenant",
            "creates_accounts", "email_claim", "email_verified_claim", "name_claim", "is_active",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Require what Django would skip: it takes an empty list for a field that nobody filled in."""
        cleaned = super().clean() or {}
        for name in ("audiences", "algorithms", "scope_claims"):
            if name in cleaned and not cleaned[name]:
                self.add_error(name, _("At least one is needed."))
        if "issuer" in cleaned:
            tenant = cleaned.get("tenant")
            check_owner(cleaned["issuer"], tenant and tenant.pk)
        return cleaned


@admin.register(UpstreamIssuer)
class UpstreamIssuerAdmin(
    ShowsLateRefusals, FoundByWords, ReauthenticationFirst, NarrowChoices[Any], OnlySuperusers[Any]
):
    form = UpstreamIssuerForm
    list_display = ("name", "issuer", "tenant", "creates_accounts", "is_active")
    list_filter = ("is_active", "creates_accounts")
    list_select_related = ("tenant",)
    found_by = ("name", "issuer")
    autocomplete_fields = ("tenant",)
    readonly_fields = ("shares",)
    show_full_result_count = False
    actions = ("check_issuers",)

    def get_fieldsets(self, request: HttpRequest, obj: UpstreamIssuer | None = None) -> Any:
        return [
            (None, {"fields": ["name", "issuer", "is_active", *(["shares"] if obj else [])]}),
            (_("Which tokens it accepts"), {"fields": ["audiences", "algorithms", "requires_typ"]}),
            (_("What they may do"), {"fields": ["scope_claims", "scopes", "tenant"]}),
            (
                _("People without an account"),
                {"fields": ["creates_accounts", "email_claim", "email_verified_claim", "name_claim"]},
            ),
        ]

    def save_model(self, request: HttpRequest, obj: UpstreamIssuer, form: Any, change: bool) -> None:  # noqa: FBT001
        with one_owner():
            super().save_model(request, obj, form, change)

    @admin.display(description=_("identities"))
    def shares(self, issuer: UpstreamIssuer) -> str | Promise:
        provider = provider_of(issuer.issuer)
        if provider is None:
            return _("of its own: nobody signs in here through this issuer")
        return _now("those of %(provider)s, through which people sign in") % {"provider": provider.name}

    @admin.action(description=_("Check that they answer"), permissions=["change"])
    def check_issuers(self, request: HttpRequest, queryset: QuerySet[UpstreamIssuer]) -> None:
        for issuer in queryset:
            found = readiness.of(issuer)
            words = _now("%(issuer)s: %(problem)s") if found.problem else _now("%(issuer)s: its keys can be used.")
            level = messages.ERROR if found.problem else messages.SUCCESS
            self.message_user(request, words % {"issuer": issuer, "problem": found.problem}, level)
