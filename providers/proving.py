"""The page that asks somebody who is signed in to show once more that it is them; ``accounts.step_up`` sends there."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import brake, step_up
from accounts.brake import Braked
from accounts.factors.held import has_factor
from accounts.factors.pages import ways_to_prove
from accounts.factors.proving import FactorRefused, prove
from accounts.local import passwords
from accounts.models import User
from accounts.next_page import safe_next
from providers import registry
from providers.buttons import buttons, page_with_buttons
from providers.flow import Process


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@sensitive_post_parameters("password")
def prove_again(request: HttpRequest) -> HttpResponse:
    """By a second factor where there is one, otherwise by the password or a way in that is connected."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # by login_required; told to the type checker
    next_url = safe_next(request.GET.get("next", ""))
    error = ""
    if request.method == "POST":
        try:
            _judge(request, user)
        except FactorRefused:
            error = _("That was not right, or was used before. Try once more.")
        except Braked as braked:  # answered here: an exception would take the entry in the trail back
            return brake.answer(braked)
        else:
            request.session.cycle_key()
            return HttpResponseRedirect(next_url or reverse("account"))
    context = {
        "error": error,
        "action": request.get_full_path(),
        "back": _back(next_url),
        **_ways(request, user, next_url),
    }
    return page_with_buttons(request, "accounts/fresh.html", context)


def _judge(request: HttpRequest, user: User) -> None:
    """Raises FactorRefused, and Braked."""
    if has_factor(user):
        prove(request, user, request.POST)
        return
    if not passwords.is_of(request, user, request.POST.get("password", "")):
        raise FactorRefused
    step_up.note(request, user, "password")


def _ways(request: HttpRequest, user: User, next_url: str) -> dict[str, Any]:
    if has_factor(user):
        return {"has_factor": True, **ways_to_prove(request, user)}
    connected = set(user.identities.values_list("provider", flat=True))
    among = [provider for provider in registry.enabled().values() if provider.id in connected]
    return {
        "has_password": passwords.opens(user),
        "providers": buttons(request, process=Process.PROVE, next_url=next_url, among=among),
    }


def _back(next_url: str) -> str:
    """Where somebody goes who would rather not: never to the page that sent them here."""
    return reverse("connections" if next_url.startswith(reverse("connections")) else "account")
