"""Connected apps in the admin: what people let apps do, and the withdrawal of it."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authserver.authorization import consents
from authserver.clients.authentication import get
from authserver.models import Consent
from console.reauthentication import redirect_to_reauthenticate
from console.scope import Scoped, actor


@admin.register(Consent)
class ConsentAdmin(Scoped[Consent]):
    """A tenant's administrators find the consents that people gave in their tenant. Nobody changes one."""

    list_display = ("app_shown", "user", "state_shown", "scopes_shown", "last_used_at", "created_at")
    list_filter = ("is_asked",)
    list_select_related = ("user",)
    ordering = ("-created_at",)
    search_fields = ("=user__id", "=client__id")
    search_help_text = _("The id of the person or of the app, whole.")
    actions = None
    show_full_result_count = False
    fields = (
        "app_shown", "user", "state_shown", "is_asked", "scopes_shown", "asked_shown", "resources", "created_at",
        "last_used_at", "withdrawn_at",
    )  # fmt: skip
    readonly_fields = fields

    def scoped(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        membership = actor(request).active_membership
        return queryset.filter(tenant_id=membership.tenant_id) if membership else queryset.none()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Consent | None = None) -> bool:
        """Nobody deletes a consent by itself: it is withdrawn, and stays. It goes with its app."""
        return obj is None and request.user.has_perm("authserver.delete_client")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.withdraw_view)
        return [path("<uuid:key>/withdraw/", view, name="authserver_consent_withdraw"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        can_withdraw = bool(found and found.withdrawn_at is None and self.has_change_permission(request, found))
        context = {**(extra_context or {}), "can_withdraw": can_withdraw, "show_save": False}
        context |= {"show_save_and_continue": False}
        if found:
            context["subtitle"] = self._title_of(found)
        return super().changeform_view(request, object_id, form_url, context)

    def withdraw_view(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """GET shows a confirmation, POST withdraws the consent with all tokens that came of it."""
        found = self.get_object(request, str(key))
        if found is None:
            raise Http404
        if not self.has_change_permission(request, found):
            raise PermissionDenied
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        page = reverse("admin:authserver_consent_change", args=[found.pk])
        if request.method == "POST":
            consents.withdraw(Consent.objects.filter(pk=found.pk), reason="administrator")
            self.message_user(request, _("The app can no longer act for this person."), messages.SUCCESS)
            return HttpResponseRedirect(page)
        words = {
            "title": _("Stop this app for this person?"),
            "meaning": _("All its access ends now. The person is asked again when they next use it."),
            "label": _("Stop the app"),
            "is_risky": True,
        }
        context = {**self.admin_site.each_context(request), **words, "opts": self.opts, "client": self._title_of(found)}
        return TemplateResponse(request, "admin/authserver/client/confirm.html", {**context, "page": page})

    def _title_of(self, consent: Consent) -> str:
        return _("%(app)s for %(person)s") % {"app": self.app_shown(consent), "person": consent.user}

    @admin.display(description=_("app"))
    def app_shown(self, consent: Consent) -> str:
        return get(consent.client_id).name

    @admin.display(description=_("state"))
    def state_shown(self, consent: Consent) -> str | Promise:
        return _("withdrawn") if consent.withdrawn_at else _("valid")

    @admin.display(description=_("scopes"))
    def scopes_shown(self, consent: Consent) -> str:
        return ", ".join(consent.scopes) or "-"

    @admin.display(description=_("scopes agreed to"))
    def asked_shown(self, consent: Consent) -> str:
        """Return what the person has read and agreed to. An app of our own has its other scopes without that."""
        return ", ".join(consent.asked_scopes) or "-"
