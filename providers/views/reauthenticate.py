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
from accounts.sessions.signed_in import signed_in
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.factors.verification import FactorRefused, FactorUnreadable, verify
from accounts.sign_in.factors.views import not_readable_now, verification_choices
from accounts.sign_in.local import passwords
from accounts.sign_in.login_throttle import Throttled
from accounts.sign_in.provider_names import name_of
from accounts.sign_in.reauthentication import codes, gate
from accounts.sign_in.reauthentication.acts import Act, act_of
from accounts.sign_in.reauthentication.codes import CodeRefused, TooManyCodes
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
@sensitive_post_parameters("password", "code")
def reauthenticate(request: HttpRequest, user: User) -> HttpResponse:
    """Reauthenticate with the second factor if there is one, else with a password, a provider or a mailed code."""
    next_url = requested_next(request)
    asked = ReauthenticationRequest(request=request, user=user, act=act_of(next_url), next_url=next_url)
    error, status = "", 200
    if request.method == "POST":
        try:
            return _completed(asked)
        except TooManyCodes:
            return rate_limits.too_many_requests(codes.BY_ACCOUNT)
        except CodeRefused:
            error = _("That code is wrong or has expired. Use the one in our latest mail, or ask for a new one.")
        except (FactorRefused, MailNotConfigured):
            error = _("That code is wrong or was used before. Try again.")
        except FactorUnreadable:
            error, status = not_readable_now(), 503
        except Throttled as braked:  # not raised: that would roll back the entry in the trail
            return login_throttle.answer(braked)
    context = {"error": error, "act": asked.act, "action": request.get_full_path(), "back": _back(next_url)}
    return page_with_buttons(request, "accounts/reauthenticate.html", context | _methods(asked), status=status)


def _completed(asked: ReauthenticationRequest) -> HttpResponse:
    """Process the form. Raises FactorRefused, Throttled, CodeRefused, TooManyCodes, MailNotConfigured."""
    request, posted = asked.request, asked.request.POST
    onward = HttpResponseRedirect(asked.next_url or reverse("account"))
    here = HttpResponseRedirect(request.get_full_path())
    if has_second_factor(asked.user):
        verify(request, asked.user, posted)
    elif SEND in posted:
        codes.send(request, asked.user, asked.act)
        return here
    elif "password" in posted:
        _check_password(asked)
    else:
        codes.use_code(request, asked.user, asked.act, posted.get("code", ""))
        onward = onward if gate.is_reauthenticated(request, asked.act, is_done=False) else here
    request.session.cycle_key()
    return onward


def _check_password(asked: ReauthenticationRequest) -> None:
    if not passwords.is_of(asked.request, asked.user, asked.request.POST["password"]):
        raise FactorRefused
    gate.record_method(asked.request, asked.user, "password")


def _methods(asked: ReauthenticationRequest) -> dict[str, Any]:
    """Return the context with the methods that the person has and that count for this act."""
    request, user = asked.request, asked.user
    if has_second_factor(user):
        return {"has_factor": True, **verification_choices(request, user)}
    proofs = records_of(request, user)
    connected = set(user.identities.values_list("provider", flat=True))
    among = [provider for provider in registry.enabled().values() if provider.id in connected]
    enough = [one for one in among if says_when(one.id, proofs)]
    rest = [one for one in among if one not in enough]
    is_enough_alone = has_nothing_stronger(user, proofs)
    return {
        "has_password": passwords.may_open(user),
        "providers": _buttons(asked, among if is_enough_alone else enough),
        "is_enough_alone": is_enough_alone,
        **({} if is_enough_alone else _by_mail(asked, rest, proofs)),
    }


def _by_mail(
    asked: ReauthenticationRequest, rest: list[Provider], proofs: list[AuthenticationRecord]
) -> dict[str, Any]:
    """Return the context for providers that do not send ``auth_time``: two steps, their answer and a mailed code."""
    email = codes.email_of(asked.user)
    if not rest or not email:
        return {}
    answer = recent_answer(proofs)
    return {
        "email": email,
        "steps": _buttons(asked, rest),
        "answered": name_of(answer.provider) if answer else "",
        "is_mailed": codes.is_waiting(asked.request, asked.user, asked.act),
    }


def _buttons(asked: ReauthenticationRequest, among: list[Provider]) -> list[Any]:
    return list(buttons(asked.request, process=Process.REAUTHENTICATE, next_url=asked.next_url, among=among))


def _back(next_url: str) -> str:
    """Return the page for a person who does not want to reauthenticate, never the one that redirected here."""
    return reverse("connections" if next_url.startswith(reverse("connections")) else "account")
