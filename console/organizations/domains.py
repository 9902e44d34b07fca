"""Domains in the admin: they are claimed, shown to be a tenant's, checked, led to a sign-in, and released."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Domain, DomainFinding, DomainState
from accounts.organizations import domains
from accounts.organizations.domains import REFUSED, DomainRefusalReason, DomainRefused
from accounts.sign_in.provider_names import name_of
from console.organizations.asking import PassesActor, RequestedBy
from console.reauthentication import ReauthenticationFirst, redirect_to_reauthenticate
from console.scope import actor
from foundation.canonical_email import folded
from providers import registry

LEVELS = {DomainFinding.PRESENT: messages.SUCCESS, DomainFinding.ABSENT: messages.WARNING}


class DomainStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(DomainState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Domain]) -> QuerySet[Domain]:
        state = self.value()
        return queryset.filter(DomainState(state).rows) if state in DomainState.values else queryset


class DomainForm(RequestedBy):
    """A new claim, or where the people of an owned domain sign in. Only superusers choose the tenant of a claim."""

    class Meta:
        model = Domain
        fields = ("tenant", "name", "routes_to")
        help_texts = {
            "name": _("As in an e-mail address, after the @: example.com"),
            "routes_to": _(
                "Who enters an address of this domain on the sign-in page is led there. It needs SIGN_IN_BY_ADDRESS."
            ),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "routes_to" in self.fields:
            offered = {"": _("nobody is led anywhere"), **_providers_of(self.instance)}
            field = forms.ChoiceField(choices=offered.items(), required=False)
            field.label, field.help_text = self.fields["routes_to"].label, self.fields["routes_to"].help_text
            self.fields["routes_to"] = field

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        membership = self.person.active_membership
        tenant = cleaned.get("tenant")
        tenant_id = tenant.pk if tenant else (membership.tenant_id if membership else None)
        if self.instance.owned_since or "name" not in cleaned or tenant_id is None:
            return cleaned
        self.instance.tenant_id = tenant_id
        try:
            cleaned["name"] = domains.claimable(tenant_id, cleaned["name"])
        except DomainRefused as refused:
            domains.record_refusal(refused, tenant_id=tenant_id)
            raise ValidationError({"name": str(REFUSED[refused.reason])}) from None
        return cleaned


@admin.register(Domain)
class DomainAdmin(ReauthenticationFirst, PassesActor):
    form = DomainForm
    change_form_template = "admin/accounts/domain/change_form.html"
    delete_confirmation_template = "admin/accounts/domain/release.html"
    list_display = ("name", "state_shown", "tenant", "route_shown", "owned_since", "checked_at")
    list_filter = (DomainStateFilter,)
    list_select_related = ("tenant",)
    search_fields = ("name",)  # any value shows the box; get_search_results does the search
    search_help_text = _("The beginning of a name")
    show_full_result_count = False
    actions = None
    facts = (
        "state_shown", "finding_shown", "checked_at", "next_check_at", "claimed_at", "affiliated_at", "owned_since",
        "failing_since", "lapses_at",
    )  # fmt: skip

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        tenant = ["tenant"] if actor(request).is_superuser else []
        if obj is None:
            return [(None, {"fields": [*tenant, "name"]})]
        route = ["routes_to"] if obj.owned_since else []
        return [(None, {"fields": [*tenant, *route]}), (_("State"), {"fields": self.facts})]

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        return ("tenant", *self.facts) if obj else ()

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return ("tenant",) if actor(request).is_superuser else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Domain], search_term: str
    ) -> tuple[QuerySet[Domain], bool]:
        return queryset.filter(name__startswith=folded(search_term.strip())), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        person = actor(request)
        return super().has_add_permission(request) and (person.is_superuser or person.active_membership is not None)

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            domains.set_route(obj, obj.routes_to)
        else:
            obj.__dict__.update(domains.claim(obj.tenant_id, obj.name).__dict__)

    def response_add(self, request: HttpRequest, obj: Domain, post_url_continue: str | None = None) -> HttpResponse:
        """Show the record to publish next, whichever button was pressed."""
        self.message_user(request, _("The domain is claimed. Publish its record, or have a code mailed to it."))
        return HttpResponseRedirect(_page(obj))

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:
        domains.release(obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id) if object_id else None
        may = found is not None and self.has_change_permission(request, found)
        context = {
            **(extra_context or {}),
            "domain": found,
            "can_act": may,
            "can_release": found is not None and self.has_delete_permission(request, found),
            "show_delete": False,  # "Release" stands above
        }
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainRefused as refused:
            return self._refuse(request, refused, request.get_full_path())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/check/", view(self.check_now), name="accounts_domain_check"),
            path("<uuid:key>/affiliation/", view(self.affiliation), name="accounts_domain_affiliation"),
        ]
        return [*own, *super().get_urls()]

    def check_now(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Check the record now. By GET, as after a reauthentication, nothing happens."""
        domain = self._domain_to_change(request, key)
        if request.method == "POST":
            try:
                checked = domains.check(domain)
            except DomainRefused as refused:
                return self._refuse(request, refused, _page(domain))
            if checked is None:
                raise Http404
            finding = DomainFinding(checked.finding)
            self.message_user(request, _found(checked, finding), LEVELS.get(finding, messages.ERROR))
        return HttpResponseRedirect(_page(domain))

    def affiliation(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Mail a code to an address of the domain, and take it."""
        domain = self._domain_to_change(request, key)
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        person, error = actor(request), None
        if request.method == "POST":
            try:
                if "code" in request.POST:
                    domains.confirm(request, person, domain, request.POST["code"])
                    self.message_user(request, _("Your organization is affiliated with the domain."), messages.SUCCESS)
                    return HttpResponseRedirect(_page(domain))
                domains.send_code(request, person, domain, request.POST.get("email", ""))
            except DomainRefused as refused:
                if refused.reason is not DomainRefusalReason.WRONG_CODE:  # which is recorded if there was one to check
                    domains.record_refusal(refused, tenant_id=domain.tenant_id)
                error = REFUSED[refused.reason]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Show affiliation by a mailed code"),
            "domain": domain,
            "page": _page(domain),
            "is_waiting": domains.is_code_waiting(request, person),
            "typed": request.POST.get("email", ""),
            "error": error,
        }
        return TemplateResponse(request, "admin/accounts/domain/affiliation.html", context)

    def _domain_to_change(self, request: HttpRequest, key: UUID) -> Domain:
        """Return a domain of the user's scope. Raises Http404, or PermissionDenied if they may not change it."""
        domain: Domain | None = self.get_object(request, str(key))
        if domain is None:
            raise Http404
        if not self.has_change_permission(request, domain):
            raise PermissionDenied
        return domain

    def _refuse(self, request: HttpRequest, refused: DomainRefused, back_to: str) -> HttpResponse:
        domains.record_refusal(refused, tenant_id=refused.domain.tenant_id if refused.domain else None)
        self.message_user(request, str(REFUSED[refused.reason]), messages.ERROR)
        return HttpResponseRedirect(back_to)

    @admin.display(description=_("state"))
    def state_shown(self, domain: Domain) -> str:
        return str(domain.state.label)

    @admin.display(description=_("last found"))
    def finding_shown(self, domain: Domain) -> str:
        return str(DomainFinding(domain.finding).label) if domain.finding else "-"

    @admin.display(description=_("its people sign in with"))
    def route_shown(self, domain: Domain) -> str:
        return name_of(domain.routes_to) if domain.routes_to else "-"


def _providers_of(domain: Domain) -> dict[str, str]:
    """Return the providers to which a tenant's domain may lead: the tenant's own and the site's."""
    offered = {one.id: one.name for one in [*registry.of_tenant(domain.tenant_id), *registry.listed()]}
    if domain.routes_to:
        offered.setdefault(domain.routes_to, name_of(domain.routes_to))  # it was removed or switched off meanwhile
    return offered


def _page(domain: Domain) -> str:
    return reverse("admin:accounts_domain_change", args=[domain.pk])


def _found(domain: Domain, finding: DomainFinding) -> str:
    if finding is DomainFinding.PRESENT:
        return _now("The record is there. Your organization owns %(domain)s.") % {"domain": domain}
    if finding is DomainFinding.ABSENT:
        return _now(
            "The record is not there yet. New records can take an hour to be seen everywhere. We look again by "
            "ourselves, every five minutes for the first three days."
        )
    return str(finding.label)
