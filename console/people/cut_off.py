"""The cut-off of a person in the admin: a reason, the act, and the check list until everything is confirmed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.cut_off import CutOffRefused, check_list, cut_off
from accounts.models import CutOff, User
from accounts.organizations import delegation
from accounts.organizations.middleware import afterwards
from console.people.person_actions import LONGEST_REASON, PersonActions, reason_of
from console.reauthentication import redirect_to_reauthenticate
from console.scope import actor

REFRESH = 3  # seconds between reloads until everything is confirmed


class CuttingOff(PersonActions):
    def get_urls(self) -> list[URLPattern]:
        own = path("<uuid:key>/cut-off/", self.admin_site.admin_view(self.cut_off_view), name="accounts_user_cut_off")
        return [own, *super().get_urls()]

    def cut_off_view(self, request: HttpRequest, key: Any) -> HttpResponseBase:
        person = self.person_of(request, key)
        if person.pk == actor(request).pk:
            return redirect("lock-account")  # the page for one's own account
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        reason = reason_of(request)
        if not reason:
            return self._confirmation(request, person, lacks_reason=request.method == "POST")
        return self._cut_off(request, person, reason)

    def _cut_off(self, request: HttpRequest, person: User, reason: str) -> HttpResponse:
        try:
            cut_off(person, by=CutOff.By.ADMINISTRATOR, reason=reason, close="close" in request.POST)
        except CutOffRefused:
            who = actor(request)
            afterwards(request, lambda: delegation.record_refusal(who, person, reason="last_superuser"))
            self.message_user(request, delegation.LAST_SUPERUSER, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:accounts_user_cut_off", args=[person.pk]))

    def _confirmation(self, request: HttpRequest, person: User, *, lacks_reason: bool) -> TemplateResponse:
        last = person.cut_offs.first()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Cut off") if last else _("Cut off this person?"),
            "opts": self.opts,
            "person": person,
            "back": reverse("admin:accounts_user_change", args=[person.pk]),
            "longest_reason": LONGEST_REASON,
            "lacks_reason": lacks_reason,
            "last": last,
            "checks": check_list(last) if last else [],
        }
        response = TemplateResponse(request, "admin/accounts/user/cut_off.html", context)
        if last and last.confirmed_at is None and request.method == "GET":
            response.headers["Refresh"] = str(REFRESH)
        return response
