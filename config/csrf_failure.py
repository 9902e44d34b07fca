"""What is answered to a form of a page from before its person signed in, or that another site has sent."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from foundation.next_page import posted_next, requested_next
from providers.flow import Process

# Forms that lead in. By GET all but the last two send somebody who is in on to where they were going.
SIGN_IN_PAGES = {"local-sign-in", "passkey-sign-in", "register", "verify-factor", "invitation-register"}
STALE = "incorrect"  # of Django's reasons, those of a proof that this site has given, and that is another one by now
START, ADMIN = "provider-start", "admin:login"


def answer(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``: what was sent is not acted upon, whatever it was.

    Signing in gives the browser another proof, so every page that another tab shows from before is stale then. Whoever
    wanted to sign in is in already, and is sent on; whoever pressed another button is told why it did nothing. A form
    of another site has another origin, or no proof at all.
    """
    is_in = STALE in reason and request.user.is_authenticated
    if is_in and (onward := _onward(request)):
        return HttpResponseRedirect(onward)
    return render(None, "403_csrf.html", {"is_in": is_in}, status=403)


def _onward(request: HttpRequest) -> str:
    """Return where somebody who is in goes on to from a form that was to let them in, or nothing for other forms."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in SIGN_IN_PAGES:
        return request.get_full_path()
    if name == ADMIN:
        return posted_next(request) or reverse("admin:index")
    is_to_sign_in = request.GET.get("process", "") not in {Process.CONNECT, Process.REAUTHENTICATE}
    return (requested_next(request) or reverse("account")) if name == START and is_to_sign_in else ""
