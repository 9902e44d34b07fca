"""The answer to a form that fails the CSRF check: loaded before the person signed in, or sent by another site."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from foundation.next_page import posted_next, requested_next
from providers.flow import Process

# Pages with a sign-in form. A GET by a person who is signed in already redirects them to their destination.
SIGN_IN_PAGES = {"local-sign-in", "passkey-sign-in", "register", "verify-factor", "invitation-register"}
STALE = "incorrect"  # in Django's reasons for a well-formed token that does not match the browser's secret
START, ADMIN = "provider-start", "admin:login"


def answer(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``: the posted form has no effect.

    Signing in rotates the CSRF secret, so pages that other tabs loaded before are stale. A person who wanted to sign
    in is signed in by now and is redirected; a person who pressed another button reads why it had no effect. A form of
    another site has another origin, or no token at all.
    """
    is_in = STALE in reason and request.user.is_authenticated
    if is_in and (onward := _onward(request)):
        return HttpResponseRedirect(onward)
    return render(None, "403_csrf.html", {"is_in": is_in}, status=403)


def _onward(request: HttpRequest) -> str:
    """Return where to redirect a signed-in person who posted a sign-in form; empty for other forms."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in SIGN_IN_PAGES:
        return request.get_full_path()
    if name == ADMIN:
        return posted_next(request) or reverse("admin:index")
    is_to_sign_in = request.GET.get("process", "") not in {Process.CONNECT, Process.REAUTHENTICATE}
    return (requested_next(request) or reverse("account")) if name == START and is_to_sign_in else ""
