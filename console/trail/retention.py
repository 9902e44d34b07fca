"""The page where superusers set the retention of the trail, for the site and for single tenants."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from audit.retention import rules
from console.lists.tenant_field import TenantField
from console.reauthentication import redirect_to_reauthenticate
from console.scope import actor

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


class RuleForm(forms.Form):
    tenant = TenantField(
        required=False,
        help_text=_("Its name or its short name. Empty: everybody who has no rule of their own, and the site itself."),
    )
    days = forms.IntegerField(
        label=_("Days"),
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(rules.LONGEST)],
        help_text=_("Empty: the rule is taken away."),
    )

    def clean_days(self) -> int | None:
        days: int | None = self.cleaned_data["days"]
        minimum = rules.minimum_days()
        if days is not None and days < minimum:
            raise forms.ValidationError(
                _(
                    "Every entry is kept for at least %(minimum)s days: the owner of the tables said so "
                    "(manage.py audit retention)."
                ),
                params={"minimum": minimum},
            )
        return days


class RetentionAdmin(Base):
    """Adds the retention page to the admin of the trail."""

    def retention_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET shows the rules, POST sets or removes one. Both require reauthentication."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        form = RuleForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            tenant = form.cleaned_data["tenant"]
            rules.set_days(str(tenant) if tenant else rules.SITE, form.cleaned_data["days"])
            messages.success(request, _("Saved: the next run of the job goes by it. The trail has an entry of this."))
            return HttpResponseRedirect(request.path)
        stored = rules.rules()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("How long it is kept"),
            "form": form,
            "rules": _shown(stored),
            "has_rule_of_site": any(rule.tenant_id == rules.SITE for rule in stored),
            "minimum": rules.minimum_days(),
        }
        status = 400 if form.is_bound else 200
        return TemplateResponse(request, "admin/audit/entry/retention.html", context, status=status)


def _shown(stored: list[rules.RetentionRule]) -> list[tuple[rules.RetentionRule, Tenant | None]]:
    """Return each rule with its tenant, or None if that was deleted: its entries are still in the trail."""
    named = Tenant.objects.annotate(key=Cast("pk", TextField())).filter(key__in=[rule.tenant_id for rule in stored])
    tenants = {tenant.key: tenant for tenant in named}
    return [(rule, tenants.get(rule.tenant_id)) for rule in stored]
