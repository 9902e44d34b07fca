"""The export of a person's data and their erasure in the admin, for superusers only."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.organizations.delegation import LAST_SUPERUSER
from accounts.organizations.middleware import afterwards
from accounts.privacy import erasing
from accounts.privacy.erasing import ErasureRefusalReason, ErasureRefused
from accounts.privacy.views import answer
from console.reauthentication import redirect_to_reauthenticate
from console.scope import actor

REFUSED = {
    ErasureRefusalReason.LAST_SUPERUSER: LAST_SUPERUSER,
    ErasureRefusalReason.ONESELF: _("Nobody erases themselves here: ask another superuser. Nothing was changed."),
}
LONGEST_REASON = 500


class Privacy(admin.ModelAdmin[User]):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:key>/personal-data/", view(self.personal_data_view), name="accounts_user_personal_data"),
            path("<uuid:key>/erase/", view(self.erase_view), name="accounts_user_erase"),
        ]
        return [*own, *super().get_urls()]

    def personal_data_view(self, request: HttpRequest, key: Any) -> HttpResponseBase:
        person, reauthentication = self._person_and_reauthentication(request, key)
        if reauthentication or request.method == "POST":
            return reauthentication or answer(person)
        return self._page(
            request, person, "admin/accounts/user/personal_data.html", title=_("Personal data of this person")
        )

    def erase_view(self, request: HttpRequest, key: Any) -> HttpResponseBase:
        """GET shows a confirmation; POST with a reason erases the person."""
        person, reauthentication = self._person_and_reauthentication(request, key)
        if reauthentication:
            return reauthentication
        reason = request.POST.get("reason", "").strip()
        title = _("Erase this person?")
        if request.method != "POST" or not (0 < len(reason) <= LONGEST_REASON):
            lacks = request.method == "POST"
            return self._page(request, person, "admin/accounts/user/erase.html", title=title, lacks_reason=lacks)
        return self._erase(request, person, reason)

    def _erase(self, request: HttpRequest, person: User, reason: str) -> HttpResponse:
        try:
            count = erasing.erase(person, reason=reason, requested_by=actor(request))
        except ErasureRefused as refused:
            refusal = refused
            afterwards(request, lambda: erasing.record_refusal(person, refusal))
            self.message_user(request, str(REFUSED[refused.reason]), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[person.pk]))
        message = ngettext(
            "The person was erased. %(count)d entry of the trail lost its personal values.",
            "The person was erased. %(count)d entries of the trail lost their personal values.",
            count,
        )
        self.message_user(request, message % {"count": count}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))

    def _person_and_reauthentication(self, request: HttpRequest, key: Any) -> tuple[User, HttpResponseBase | None]:
        """Return the person, and a redirect if the user must reauthenticate first."""
        if not actor(request).is_superuser:
            raise PermissionDenied
        person = self.get_object(request, str(key))
        if person is None:
            raise Http404(gettext("There is no such account."))
        return person, redirect_to_reauthenticate(request, back_to=request.path)

    def _page(self, request: HttpRequest, person: User, template: str, **context: Any) -> TemplateResponse:
        back = reverse("admin:accounts_user_change", args=[person.pk])
        shown = {**self.admin_site.each_context(request), "opts": self.opts, "person": person, "back": back}
        return TemplateResponse(request, template, {**shown, "longest_reason": LONGEST_REASON, **context})
