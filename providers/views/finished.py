"""Attempts to sign in that are finished: going back to such a callback causes no error."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse

from providers.flow import used_state

SECRETS = {"secret", "token"}  # the names of URL parameters that are secret
FINISHED = "finished_flow"  # in the session: the attempt that opened it


def finished_already(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect if a person goes back to the callback that signed them in, to the same page as before."""
    finished = request.session.get(FINISHED)
    if not finished or not request.user.is_authenticated:
        return None
    if finished.get("spent") != used_state(request.GET.get("state", "")):
        return None
    return HttpResponseRedirect(finished["next"])


def without_secret(url: str) -> str:
    """Return the URL, or the start page if it contains a secret.

    The link of an invitation or mail gives access to anybody who has it, so the session must not store a copy.
    """
    try:
        arguments = resolve(urlsplit(url).path).kwargs
    except Resolver404:
        return url
    return reverse(settings.LOGIN_REDIRECT_URL) if arguments.keys() & SECRETS else url
