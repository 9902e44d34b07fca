"""The page on which a signed-in person reauthenticates. ``gate`` redirects to it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.mailing.mail import MailNotConfigured
from accounts.models import User
from accounts.sessions.pinning import unpin
from accounts.sessions.signed_in import open_when_pinned, signed_in
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.factors.verification import FactorRefused, FactorUnreadable, verify
from accounts.sign_in.factors.views import not_readable_now, verification_choices
from accounts.sign_in.local import passwords
from accounts.sign_in.login_throttle import Throttled
from accounts.sign_in.mailed_codes import CodeRefused
from accounts.sign_in.provider_names import name_of
from accounts.sign_in.reauthentication import codes, gate
from accounts.sign_in.reauthentication.acts import OF_TENANTS, Act, act_of
from accounts.sign_in.reauthentication.codes import TooManyCodes
from accounts.sign_in.reauthentication.decision import has_nothing_stronger, recent_answer, says_when
from accounts.sign_in.reauthentication.records import AuthenticationRecord, records_of
from foundation.next_page import requested_next
from providers import registry
from providers.base import Provider
from providers.buttons import buttons, page_with_buttons
from providers.flow import Process

SEND = "send"  # the button that requests a code


@dataclass(frozen=True, kw_only=True)
class ReauthenticationRequest:
    """A reauthentication: of which person, for which act, and where they go afterwards."""

    request: HttpRequest
    user: User
    act: Act
    next_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@open_when_pinned
@sensitive_post_parameters("password", "code")
def reauthenticate(request: HttpRequest, user: User) -> HttpResponse:
    """Reauthenticate with the second factor if there is one, else with a password, a provider or a mailed code."""
    next_url = requested_next(request)
    reauthentication = ReauthenticationRequest(request=request, user=user, act=act_of(next_url), next_url=next_url)
    error, status = "", 200
    if request.method == "POST":
        try:
            return _completed(reauthentication)
        except TooManyCodes:
            return rate_limits.too_many_requests(codes.BY_ACCOUNT)
        except CodeRefused:
            error = _("That code is wrong or has expired. Use the one in our latest mail, or ask for a new one.")
        except (FactorRefused, MailNotConfigured):
            error = _("That code is wrong or was used before. Try again.")
        except FactorUnreadable:
            error, status = not_readable_now(), 503
        except Throttled as throttled:  # not raised: that would roll back the entry in the trail
            return login_throttle.answer(throttled)
    methods = _methods(reauthentication)
    context = {
        "error": error,
        "act": reauthentication.act,
        "action": request.get_full_path(),
        "back": _back(next_url),
        "pinned_to": _pinned_to(reauthentication),
    }
    leading_to = [*methods.get("providers", ()), *methods.get("steps", ())]
    return page_with_buttons(request, "accounts/reauthenticate.html", context | methods, leading_to, status=status)


def _completed(reauthentication: ReauthenticationRequest) -> HttpResponse:
    """Process the form. Raises FactorRefused, Throttled, CodeRefused, TooManyCodes, MailNotConfigured."""
    request, posted = reauthentication.request, reauthentication.request.POST
    onward = HttpResponseRedirect(reauthentication.next_url or reverse("account"))
    here = HttpResponseRedirect(request.get_full_path())
    if has_second_factor(reauthentication.user):
        verify(request, reauthentication.user, posted)
    elif SEND in posted:
        codes.send(request, reauthentication.user, reauthentication.act)
        return here
    elif "password" in posted:
        _check_password(reauthentication)
    else:
        codes.use_code(request, reauthentication.user, reauthentication.act, posted.get("code", ""))
        onward = onward if gate.is_reauthenticated(request, reauthentication.act, is_done=False) else here
    request.session.cycle_key()
    return onward


def _check_password(reauthentication: ReauthenticationRequest) -> None:
    if not passwords.is_of(reauthentication.request, reauthentication.user, reauthentication.request.POST["password"]):
        raise FactorRefused
    gate.record_method(reauthentication.request, reauthentication.user, "password")
    unpin(reauthentication.request, reauthentication.user)


def _methods(reauthentication: ReauthenticationRequest) -> dict[str, Any]:
    """Return the context with the methods that the person has and that count for this act."""
    request, user = reauthentication.request, reauthentication.user
    if has_second_factor(user):
        return {"has_factor": True, **verification_choices(request, user)}
    if _pinned_to(reauthentication):
        return _methods_to_unpin(reauthentication)
    records = records_of(request, user)
    among = [one for one in _connected(user) if one.tenant_id in {None, user.pinned_tenant}]
    enough = [one for one in among if says_when(one.id, records)]
    rest = [one for one in among if one not in enough]
    is_enough_alone = has_nothing_stronger(user, records)
    return {
        "has_password": passwords.may_open(user),
        "providers": _buttons(reauthentication, among if is_enough_alone else enough),
        "is_enough_alone": is_enough_alone,
        **({} if is_enough_alone else _by_mail(reauthentication, rest, records)),
    }


def _pinned_to(reauthentication: ReauthenticationRequest) -> str:
    """Return the name of the organization to which the session is pinned, if that is in the way of the act."""
    membership = reauthentication.user.active_membership
    is_in_the_way = reauthentication.user.pinned_tenant is not None and reauthentication.act not in OF_TENANTS
    return membership.tenant_name if is_in_the_way and membership else ""


def _methods_to_unpin(reauthentication: ReauthenticationRequest) -> dict[str, Any]:
    """Return the context with the methods that the tenant of a pinned session does not control (ADR 73)."""
    user = reauthentication.user
    return {
        "has_password": passwords.may_open(user),
        "providers": _buttons(reauthentication, [one for one in _connected(user) if one.tenant_id is None]),
    }


def _connected(user: User) -> list[Provider]:
    return registry.among(set(user.identities.values_list("provider", flat=True)))


def _by_mail(
    reauthentication: ReauthenticationRequest, rest: list[Provider], records: list[AuthenticationRecord]
) -> dict[str, Any]:
    """Return the context for providers that do not send ``auth_time``: two steps, their answer and a mailed code."""
    email = codes.email_of(reauthentication.user)
    if not rest or not email:
        return {}
    answer = recent_answer(records)
    return {
        "email": email,
        "steps": _buttons(reauthentication, rest),
        "answered": name_of(answer.provider) if answer else "",
        "is_mailed": codes.is_waiting(reauthentication.request, reauthentication.user, reauthentication.act),
    }


def _buttons(reauthentication: ReauthenticationRequest, among: list[Provider]) -> list[Any]:
    return list(
        buttons(
            reauthentication.request, process=Process.REAUTHENTICATE, next_url=reauthentication.next_url, among=among
        )
    )


def _back(next_url: str) -> str:
    """Return the page for a person who does not want to reauthenticate, never the one that redirected here."""
    return reverse("connections" if next_url.startswith(reverse("connections")) else "account")
