"""Sign-in to the admin: with a local password or a provider, and with a second factor in both cases (promise 45)."""

from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.sessions import SessionRevocationReason, closing, revoke_others
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors.enrolled import has_second_factor, needs_second_factor_to_administer
from accounts.sign_in.local import by_passkey, passwords
from accounts.sign_in.login_throttle import Throttled
from accounts.sign_in.reauthentication import gate
from audit.events import Event, record
from console.scope import actor
from console.site import Site
from foundation.next_page import posted_next, query
from providers.buttons import buttons, page_with_buttons


class PasswordForm(AdminAuthenticationForm):
    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Refuse the right password of a person who is not an administrator in the same way as a wrong one."""
        if isinstance(user, User) and not user.is_staff and rate_limits.may_leave_entry():
            record(Event.SIGN_IN_REFUSED, person=user, reason="not_an_administrator")
        super().confirm_login_allowed(user)  # type: ignore[arg-type]  # stubs ask for Django's own user


class AdminSite(Site):
    """Every page of the admin checks ``has_permission`` first, so none is visible before the second factor."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _has_second_factor(request)

    @method_decorator([never_cache, login_not_required, sensitive_post_parameters("password")])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        next_url = posted_next(request) or reverse("admin:index")
        if request.method == "POST":
            return self._check_password(request, next_url)
        if not super().has_permission(request):
            return self._sign_in_page(request, PasswordForm(request), next_url)
        return HttpResponseRedirect(next_url) if self.has_permission(request) else _to_second_factor(request, next_url)

    @method_decorator(never_cache)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:  # type: ignore[override]  # it may be a redirect
        """Sign out by POST only. GET redirects to the page with the button."""
        if request.method in {"GET", "HEAD"}:
            return redirect("admin:index")
        closing.close_session(request)
        return super().logout(request, extra_context)

    def password_change(  # type: ignore[override]  # it may be a redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user = actor(request)
        if not passwords.may_open(user):
            raise Http404
        if not gate.is_reauthenticated(request):
            return gate.redirect_to_reauthenticate(request)
        try:
            _check_old_password(request, user)
        except Throttled as throttled:  # not raised: that would roll back the entry in the trail
            return login_throttle.answer(throttled)
        with transaction.atomic():
            response = super().password_change(request, extra_context)
            if isinstance(response, HttpResponseRedirect):  # it was changed, and the session has a new key
                request.session.save()
                revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.PASSWORD_CHANGED)
                notices.notify(user, Notice.PASSWORD_CHANGED)
        return response

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        can_change = isinstance(request.user, User) and passwords.may_open(request.user)
        return {**super().each_context(request), "can_change_password": can_change}

    def _check_password(self, request: HttpRequest, next_url: str) -> HttpResponse:
        form = PasswordForm(request, request.POST)
        if not settings.LOCAL_PASSWORDS:
            if not rate_limits.may_leave_entry():
                return rate_limits.too_many_requests(rate_limits.REFUSALS)
            record(Event.SIGN_IN_REFUSED, reason="local_passwords_off")
            return self._sign_in_page(request, form, next_url, status=403)
        if not form.is_valid():
            return self._sign_in_page(request, form, next_url)
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101  # the one table of people
        return passwords.sign_in(request, user, next_url)

    def _sign_in_page(
        self, request: HttpRequest, form: PasswordForm, next_url: str, *, status: int = 200
    ) -> HttpResponse:
        request.current_app = self.name
        offered = buttons(request, next_url=next_url, another=request.user.is_authenticated)
        context = {
            **self.each_context(request),
            "title": _("Sign in"),
            "subtitle": None,
            "form": form if settings.LOCAL_PASSWORDS else None,
            "app_path": request.get_full_path(),
            "next": next_url,
            "username": str(request.user),
            "passkey_url": by_passkey.url(next_url) if settings.LOCAL_PASSWORDS else "",
            "providers": offered,
        }
        return page_with_buttons(request, "admin/login.html", context, offered, status=status)


def _check_old_password(request: HttpRequest, user: User) -> None:
    """Apply the login throttle to the old password, as Django's form has none. Raises Throttled."""
    old = request.POST.get("old_password", "")
    if old and not passwords.is_of(request, user, old):
        record(Event.SIGN_IN_REFUSED, person=user, reason="local_password_wrong")


def _has_second_factor(request: HttpRequest) -> bool:
    user = request.user
    if not isinstance(user, User):
        return False
    return not needs_second_factor_to_administer(user) or gate.has_second_factor(request, user)


def _to_second_factor(request: HttpRequest, next_url: str) -> HttpResponse:
    if has_second_factor(actor(request)):
        return gate.redirect_to_reauthenticate(request, next=next_url)
    return redirect(reverse("factor-required") + query(next_url, stay=False))
