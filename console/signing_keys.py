"""The keys that sign tokens, in the admin: their states, and the withdrawal of one that leaked (ADR 51)."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authserver.keys import rotation, stored
from authserver.models import TokenSigningKey
from console.reauthentication import redirect_to_reauthenticate
from console.scope import OnlySuperusers


@admin.register(TokenSigningKey)
class SigningKeyAdmin(OnlySuperusers[TokenSigningKey]):
    """Nobody changes a key: a job replaces it. The private key is never shown."""

    list_display = ("kid", "algorithm", "state", "created_at", "active_at", "removed_at")
    ordering = ("-active_at", "kid")
    actions = None
    show_full_result_count = False
    fields = ("kid", "algorithm", "state", "created_at", "active_at", "removed_at", "public_jwk")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenSigningKey]:
        return super().get_queryset(request).defer("private_key")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TokenSigningKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenSigningKey | None = None) -> bool:
        return False

    @admin.display(description=_("state"))
    def state(self, key: TokenSigningKey) -> str:
        if settings.OIDC_SIGNING_KEYS:
            return str(_("not used: OIDC_SIGNING_KEYS is set"))
        return str(stored.states(TokenSigningKey.objects.defer("private_key"), timezone.now())[key.kid].label)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.withdraw_view)
        return [path("<str:key>/withdraw/", view, name="authserver_tokensigningkey_withdraw"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, unquote(object_id)) if object_id else None
        context = {**(extra_context or {}), "can_withdraw": found is not None and _can_withdraw(found)}
        return super().changeform_view(request, object_id, form_url, context)

    def withdraw_view(self, request: HttpRequest, key: str) -> HttpResponseBase:
        """GET shows a confirmation, POST withdraws the key."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, key)
        if found is None:
            raise Http404
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        page = reverse("admin:authserver_tokensigningkey_change", args=[quote(found.pk)])
        if request.method == "POST":
            return self._withdraw(request, found, page)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Withdraw this signing key?"),
            "opts": self.opts,
            "key": found,
            "page": page,
        }
        return TemplateResponse(request, "admin/authserver/tokensigningkey/withdraw.html", context)

    def _withdraw(self, request: HttpRequest, key: TokenSigningKey, page: str) -> HttpResponse:
        try:
            rotation.withdraw(key.kid)
        except rotation.RotationRefused:
            self.message_user(request, _("The keys come from OIDC_SIGNING_KEYS. Change them there."), messages.ERROR)
        else:
            self.message_user(request, _("The key is withdrawn, and another one signs."), messages.SUCCESS)
        return HttpResponseRedirect(page)


def _can_withdraw(key: TokenSigningKey) -> bool:
    return not key.is_withdrawn and not settings.OIDC_SIGNING_KEYS
