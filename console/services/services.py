"""Service accounts in the admin: who answers for a program, and why it does not work."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.organizations import delegation
from authserver.models import ServiceAccount
from authserver.services import accounts, issuing
from authserver.services.issuing import NewKey
from console.lists.deletion import CountedDeletion
from console.organizations.asking import PassesActor, RequestedBy
from console.reauthentication import ReauthenticationFirst, redirect_to_reauthenticate
from console.scope import actor
from console.services.shown_once import key_page
from foundation.display_names import NameField

REFUSALS = {
    "service_stopped": _("stopped"),
    "service_expired": _("expired"),
    "owner_inactive": _("its owner's account is not active"),
    "owner_cut_off": _("its owner was cut off: start it again, with new keys"),
    "owner_left": _("its owner does not belong to the tenant any more"),
}


class ServiceForm(RequestedBy):
    """The form for a service account. The tenant cannot be changed later."""

    class Meta:
        model = ServiceAccount
        fields = ("tenant", "name", "purpose", "owner", "scopes", "expires_at", "is_active")
        help_texts: ClassVar[Any] = {
            "scopes": _("All that it can do, as long as its owner can do it too. Separated by commas.")
        }

    def _post_clean(self) -> None:
        """Check the service as a whole, when the values of the form are in it."""
        service: ServiceAccount = self.instance
        is_new = service._state.adding  # noqa: SLF001  # Django documents it
        if is_new and not self.person.is_superuser and self.person.active_membership:
            service.tenant_id = self.person.active_membership.tenant_id
        super()._post_clean()  # type: ignore[misc]  # Django's, without a stub
        if self.errors:
            return
        try:
            if not delegation.has_all(self.person, service.tenant_id, (), service.scopes):
                self.refuse_above(service, reason="service_above")
            accounts.check(service)
        except ValidationError as invalid:
            self._update_errors(invalid)  # type: ignore[attr-defined]  # Django's, without a stub


class ServiceKeyForm(forms.Form):
    """A new key, with some of the scopes of its service."""

    name = NameField(label=_("Where it is used"), max_length=100)
    scopes = forms.MultipleChoiceField(label=_("Scopes"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, service: ServiceAccount, data: Any) -> None:
        super().__init__(data, initial={"scopes": service.scopes})
        field = self.fields["scopes"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(name, name) for name in service.scopes]


@admin.register(ServiceAccount)
class ServiceAccountAdmin(ReauthenticationFirst, CountedDeletion, PassesActor):
    """Nobody may change a service with more scopes than their own, or create one."""

    form = ServiceForm
    list_display = ("name", "tenant", "owner", "state_shown", "expires_at")
    list_select_related = ("tenant", "owner")
    autocomplete_fields = ("owner",)
    formfield_overrides: ClassVar[Any] = {  # one input, which its label names, instead of two
        models.DateTimeField: {"form_class": forms.DateTimeField, "widget": forms.DateTimeInput}
    }
    show_full_result_count = False

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "tenant" or actor(request).is_superuser]

    def get_fields(self, request: HttpRequest, obj: ServiceAccount | None = None) -> Any:
        every = ["tenant", "name", "purpose", "owner", "scopes", "expires_at"]
        if obj is not None:
            every += ["is_active", "state_shown", "created_by_shown", "created_at"]
        return [name for name in every if name != "tenant" or actor(request).is_superuser]

    def get_readonly_fields(self, request: HttpRequest, obj: ServiceAccount | None = None) -> Any:
        return ("tenant", "state_shown", "created_by_shown", "created_at") if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        belongs = actor(request).is_superuser or actor(request).active_membership is not None
        return belongs and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: ServiceAccount | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_within_reach(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.create_key)
        return [path("<uuid:key>/create-key/", view, name="authserver_serviceaccount_create_key"), *super().get_urls()]

    def create_key(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Create a key of a service and show it once. A service of another tenant is a 404."""
        service = self.get_object(request, str(key))
        if service is None:
            raise Http404
        if not self.has_change_permission(request, service):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        form = ServiceKeyForm(service, request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return key_page(self, request, _new_key(request, service, form))
            except ValidationError as invalid:
                form.add_error(None, " ".join(invalid.messages))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Create a key of this service"),
            "form": form,
            "service": service,
            "page": reverse("admin:authserver_serviceaccount_change", args=[service.pk]),
        }
        return TemplateResponse(request, "admin/authserver/serviceaccount/create_key.html", context)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), "can_act": found and self.has_change_permission(request, found)}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: ServiceAccount, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.created_by = actor(request)
        accounts.save(obj)

    @admin.display(description=_("state"))
    def state_shown(self, service: ServiceAccount) -> str:
        refusal = accounts.present_refusal(service)
        return str(REFUSALS.get(refusal, refusal) if refusal else _("works"))

    @admin.display(description=_("created by"))
    def created_by_shown(self, service: ServiceAccount) -> str:
        """Return a name without a link, which would reveal an id: a superuser may not belong to the tenant."""
        return service.created_by.name or "-" if service.created_by else "-"


def _new_key(request: HttpRequest, service: ServiceAccount, form: ServiceKeyForm) -> NewKey:
    return issuing.create_for_service(service, **form.cleaned_data, creator=actor(request))


def _is_within_reach(request: HttpRequest, service: ServiceAccount | None) -> bool:
    return service is None or delegation.has_all(actor(request), service.tenant_id, (), service.scopes)
