"""Removing a person's second factors in the admin, for example after a lost phone without recovery codes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.organizations import delegation
from accounts.organizations.middleware import afterwards
from accounts.sign_in.factors import factor_reset
from accounts.sign_in.factors.enrolled import factors_of
from console.people.person_actions import LONGEST_REASON, PersonActions, reason_of
from console.reauthentication import redirect_to_reauthenticate
from console.scope import actor


class ResettingFactors(PersonActions):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reset_factors_view)
        return [path("<uuid:key>/reset-factors/", view, name="accounts_user_reset_factors"), *super().get_urls()]

    def reset_factors_view(self, request: HttpRequest, key: Any) -> HttpResponseBase:
        """GET shows a confirmation; POST with a reason removes the factors."""
        person = self.person_of(request, key)
        if person.pk == actor(request).pk:
            return redirect("second-factor")  # the page for one's own factors
        if reauthentication := redirect_to_reauthenticate(request, back_to=request.path):
            return reauthentication
        reason = reason_of(request)
        if not reason:
            return self._ask_reason(request, person, lacks_reason=request.method == "POST")
        return self._reset(request, person, reason)

    def _reset(self, request: HttpRequest, person: User, reason: str) -> HttpResponse:
        back = HttpResponseRedirect(f"{reverse('admin:accounts_user_change', args=[person.pk])}#factors")
        try:
            factor_reset.reset(person.pk, reason=reason, may=lambda held: self.has_change_permission(request, held))
        except factor_reset.PersonGone:
            self.message_user(request, _("The account was erased meanwhile."), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))
        except factor_reset.NothingToReset:
            self.message_user(request, _("There are no second factors. Nothing was changed."), messages.WARNING)
            return back
        except factor_reset.OutOfReach:
            who = actor(request)
            afterwards(request, lambda: delegation.record_refusal(who, person, reason="person_above"))
            self.message_user(request, delegation.ABOVE, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))
        self.message_user(request, _("All second factors were removed, and all sessions ended."), messages.SUCCESS)
        return back

    def _ask_reason(self, request: HttpRequest, person: User, *, lacks_reason: bool) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Remove all second factors?"),
            "opts": self.opts,
            "person": person,
            "factors": factors_of(person),
            "back": reverse("admin:accounts_user_change", args=[person.pk]),
            "longest_reason": LONGEST_REASON,
            "lacks_reason": lacks_reason,
        }
        return TemplateResponse(request, "admin/accounts/user/reset_factors.html", context)
