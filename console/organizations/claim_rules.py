"""Claim rules in the admin. Only superusers manage them, and they see a preview of a rule before it is saved."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import ClaimRule, Membership
from accounts.organizations.claim_rules import applying
from accounts.organizations.claim_rules.preview import EffectKind, Preview, preview
from accounts.sign_in.provider_names import name_of
from console.connections.choices import provider_choices, tenant_of
from console.lists.search import FoundByWords
from console.reauthentication import ReauthenticationFirst
from console.scope import ChoiceOfMany, actor

CONFIRMED = "_confirmed"


class ClaimRuleForm(forms.ModelForm[ClaimRule]):
    provider = forms.ChoiceField(label=_("Provider"))
    offered: list[tuple[str, str]] = []  # set on the subclass of each request

    class Meta:
        model = ClaimRule
        fields = ("provider", "claim", "value", "tenant", "role", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict(self.offered)
        if self.instance.pk:
            known = {self.instance.provider: name_of(self.instance.provider)}
        field = self.fields.get("provider")
        if isinstance(field, forms.ChoiceField):
            field.choices = sorted(known.items())

    def clean(self) -> dict[str, Any]:
        """Whoever runs a tenant's provider asserts any claim: it decides about that tenant alone."""
        cleaned = super().clean() or {}
        owner, tenant = tenant_of(cleaned.get("provider", "")), cleaned.get("tenant")
        if owner is not None and tenant is not None and tenant.pk != owner:
            self.add_error("tenant", _("This provider is another organization's: its claims count there only."))
        return cleaned


@admin.register(ClaimRule)
class ClaimRuleAdmin(FoundByWords, ReauthenticationFirst, admin.ModelAdmin[ClaimRule]):
    """For superusers only: a rule admits everybody for whom a provider makes a claim, so tenants must not write any."""

    form = ClaimRuleForm
    change_form_template = "admin/accounts/claimrule/change_form.html"
    list_display = ("provider_shown", "claim", "value", "tenant", "role", "position", "is_active")
    list_filter = ("provider", "is_active")
    list_select_related = ("tenant", "role")
    autocomplete_fields = ("tenant", "role")
    found_by = ("claim", "value")
    search_help_text = _("The beginning of each word of a claim or of a value.")
    show_full_result_count = False

    @admin.display(description=_("provider"), ordering="provider")
    def provider_shown(self, rule: ClaimRule) -> str:
        return name_of(rule.provider)

    def get_form(self, request: HttpRequest, obj: ClaimRule | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"offered": provider_choices(actor(request))})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = ChoiceOfMany(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: ClaimRule | None = None) -> bool:
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: ClaimRule | None = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: ClaimRule | None = None) -> bool:
        return _is_superuser(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the preview of a valid form before saving it. A confirmed form is validated again by Django."""
        if request.method == "POST" and CONFIRMED not in request.POST:
            rule = self._filled_in(request, object_id)
            if rule is not None:
                return self._preview_page(request, rule, preview(rule))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _filled_in(self, request: HttpRequest, object_id: str | None) -> ClaimRule | None:
        """Return the unsaved rule from the form, or None if the form's own page must show errors."""
        rule = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id and rule is None:
            return None
        if not (self.has_change_permission(request, rule) if rule else self.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, rule, change=rule is not None)(request.POST, request.FILES, instance=rule)
        if not form.is_valid():
            return None
        filled_in: ClaimRule = form.save(commit=False)
        return filled_in

    def _preview_page(self, request: HttpRequest, rule: ClaimRule, effects: Preview) -> HttpResponse:
        carried = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in {"csrfmiddlewaretoken", CONFIRMED}
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What this rule would do"),
            "rule": rule,
            "provider": name_of(rule.provider),
            "preview": effects,
            "effects": _shown(effects),
            "carried": carried,
            "confirmed": CONFIRMED,
            "back_url": self._back(request, rule),
        }
        return TemplateResponse(request, "admin/accounts/claimrule/preview.html", context)

    def _back(self, request: HttpRequest, rule: ClaimRule) -> str:
        """Return the URL of the form. For a new rule, the query fills it in again, as Django's add page supports."""
        if rule.pk:
            return reverse("admin:accounts_claimrule_change", args=[rule.pk])
        query = request.POST.copy()
        query.pop("csrfmiddlewaretoken", None)
        return f"{reverse('admin:accounts_claimrule_add')}?{query.urlencode()}"

    def get_deleted_objects(
        self, objs: QuerySet[ClaimRule] | Sequence[ClaimRule], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Show how many memberships are deleted with each rule, instead of listing each of them."""
        lines, total = [], 0
        for rule in objs:
            count = Membership.objects.filter(rule=rule).count()
            given = ngettext("%(count)d membership that it gave", "%(count)d memberships that it gave", count)
            lines.append(f"{rule}: {given % {'count': count}}")
            total += count
        counts = {str(ClaimRule._meta.verbose_name_plural): len(lines)}
        return lines, counts | {str(Membership._meta.verbose_name_plural): total}, set(), []

    def delete_model(self, request: HttpRequest, obj: ClaimRule) -> None:
        self._remove(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClaimRule]) -> None:
        self._remove(request, queryset)

    def _remove(self, request: HttpRequest, rules: Iterable[ClaimRule]) -> None:
        applying.remove(rules, keep=request.session.session_key)


def _shown(effects: Preview) -> list[dict[str, Any]]:
    kinds = (
        (EffectKind.GAIN, _("Would get this role")),
        (EffectKind.CHANGE, _("Have another role by a rule, and would get this one")),
        (EffectKind.LOSE, _("Would lose what this rule gave")),
        (EffectKind.KEEP, _("Have it by this rule, and keep it")),
        (EffectKind.BY_HAND, _("Were let in by hand, and stay as they are")),
        (EffectKind.BY_OTHER, _("Have their role by a rule that comes first, and stay as they are")),
    )
    always = {EffectKind.GAIN, EffectKind.LOSE}
    return [
        {"words": words, "effect": effects.of(kind)}
        for kind, words in kinds
        if effects.of(kind).count or kind in always
    ]


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)
