"""The page that asks somebody who is signed in to show once more that it is them; the gate sends there."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.mailing.mail import NotSetUp
from accounts.models import User
from accounts.sessions.signed_in import signed_in
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors.enrolled import has_factor
from accounts.sign_in.factors.verification import FactorRefused, UnreadableHere, prove
from accounts.sign_in.factors.views import not_readable_now, ways_to_prove
from accounts.sign_in.local import passwords
from accounts.sign_in.login_throttle import Braked
from accounts.sign_in.provider_names import name_of
from accounts.sign_in.reauthentication import codes, gate
from accounts.sign_in.reauthentication.acts import Act, act_of
from accounts.sign_in.reauthentication.codes import CodeRefused, TooManyCodes
from accounts.sign_in.reauthentication.deciding import has_nothing_stronger, recent_answer, says_when
from accounts.sign_in.reauthentication.proofs import Proof, proofs_of
from foundation.next_page import wanted_next
from providers import registry
from providers.base import Provider
from providers.buttons import buttons, page_with_buttons
from providers.flow import Process

SEND = "send"  # the button that asks for a code


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request for a proof: whose, for which act, and where they go afterwards."""

    request: HttpRequest
    user: User
    act: Act
    next_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_post_parameters("password", "code")
def prove_again(request: HttpRequest, user: User) -> HttpResponse:
    """By a second factor if there is one, otherwise by a password, a sign-in method or a mailed code, as they count."""
    next_url = wanted_next(request)
    asked = Asked(request=request, user=user, act=act_of(next_url), next_url=next_url)
    error, status = "", 200
    if request.method == "POST":
        try:
            return _answered(asked)
        except TooManyCodes:
            return rate_limits.too_often(codes.BY_ACCOUNT)
        except CodeRefused:
            error = _("That code is wrong or has expired. Use the one in our latest mail, or ask for a new one.")
        except (FactorRefused, NotSetUp):
            error = _("That code is wrong or was used before. Try again.")
        except UnreadableHere:
            error, status = not_readable_now(), 503
        except Braked as braked:  # answered here: an exception would take the entry in the trail back
            return login_throttle.answer(braked)
    context = {"error": error, "act": asked.act, "action": request.get_full_path(), "back": _back(next_url)}
    return page_with_buttons(request, "accounts/fresh.html", context | _ways(asked), status=status)


def _answered(asked: Asked) -> HttpResponse:
    """Take what was posted. Raises FactorRefused, Braked, CodeRefused, TooManyCodes, NotSetUp."""
    request, posted = asked.request, asked.request.POST
    onward = HttpResponseRedirect(asked.next_url or reverse("account"))
    here = HttpResponseRedirect(request.get_full_path())
    if has_factor(asked.user):
        prove(request, asked.user, posted)
    elif SEND in posted:
        codes.send(request, asked.user, asked.act)
        return here
    elif "password" in posted:
        _judge_password(asked)
    else:
        codes.spend(request, asked.user, asked.act, posted.get("code", ""))
        onward = onward if gate.is_fresh(request, asked.act, is_done=False) else here
    request.session.cycle_key()
    return onward


def _judge_password(asked: Asked) -> None:
    if not passwords.is_of(asked.request, asked.user, asked.request.POST["password"]):
        raise FactorRefused
    gate.note(asked.request, asked.user, "password")


def _ways(asked: Asked) -> dict[str, Any]:
    """Return what the page shows: only what the person has, and what counts of it."""
    request, user = asked.request, asked.user
    if has_factor(user):
        return {"has_factor": True, **ways_to_prove(request, user)}
    proofs = proofs_of(request, user)
    connected = set(user.identities.values_list("provider", flat=True))
    among = [provider for provider in registry.enabled().values() if provider.id in connected]
    enough = [one for one in among if says_when(one.id, proofs)]
    rest = [one for one in among if one not in enough]
    is_enough_alone = has_nothing_stronger(user, proofs)
    return {
        "has_password": passwords.opens(user),
        "providers": _buttons(asked, among if is_enough_alone else enough),
        "is_enough_alone": is_enough_alone,
        **({} if is_enough_alone else _by_mail(asked, rest, proofs)),
    }


def _by_mail(asked: Asked, rest: list[Provider], proofs: list[Proof]) -> dict[str, Any]:
    """What is shown of the two steps of those who do not say when: their answer, and a code from the mailbox."""
    address = codes.address_of(asked.user)
    if not rest or not address:
        return {}
    answer = recent_answer(proofs)
    return {
        "address": address,
        "steps": _buttons(asked, rest),
        "answered": name_of(answer.provider) if answer else "",
        "is_mailed": codes.is_waiting(asked.request, asked.user, asked.act),
    }


def _buttons(asked: Asked, among: list[Provider]) -> list[Any]:
    return list(buttons(asked.request, process=Process.REAUTHENTICATE, next_url=asked.next_url, among=among))


def _back(next_url: str) -> str:
    """Where somebody goes who would rather not: never to the page that sent them here."""
    return reverse("connections" if next_url.startswith(reverse("connections")) else "account")
