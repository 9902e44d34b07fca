"""Requesting a second factor from the provider for people who must have one (``<PROVIDER>_ACR_VALUES``).

We learn who signs in only from the provider's answer, so the first request does not ask for a second factor. A person
who must have one and has none here is redirected to the provider once more, with a request for it.
"""

import logging
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from accounts.sign_in.factors.enrolled import must_have_second_factor
from providers.base import Provider
from providers.flow import Flow, Process
from providers.openid import OpenIDProvider
from providers.refusal import SignInRefused
from providers.upstream import one_deadline

logger = logging.getLogger(__name__)


def is_wanted(request: HttpRequest, process: Process) -> bool:
    """Return whether a signed-in person who reauthenticates or connects an identity must have a second factor."""
    return process is not Process.SIGN_IN and isinstance(request.user, User) and must_have_second_factor(request.user)


def redirect_for_second_factor(
    request: HttpRequest, provider: Provider, flow: Flow, response: HttpResponseBase
) -> HttpResponseBase:
    """Return a redirect to the provider if the person would otherwise have to add a factor here, else ``response``.

    Meanwhile the sign-in stays pending, as it would for a factor of ours, until the next answer replaces it. A person
    who returns without a second factor is not redirected again and adds one here.
    """
    if not _is_missing(flow, response) or not isinstance(provider, OpenIDProvider) or not provider.acr_values:
        return response
    again = flow.asking_for_factor()
    try:
        with one_deadline():
            onward = HttpResponseRedirect(provider.start_url(again))
    except SignInRefused as refused:
        logger.warning("could not request a second factor: provider=%s reason=%s", provider.id, refused)
        return response
    again.remember(request, onward)
    return onward


def _is_missing(flow: Flow, response: HttpResponseBase) -> bool:
    is_required_here = urlsplit(response.headers.get("Location", "")).path == reverse("factor-required")
    return flow.process is Process.SIGN_IN and not flow.asks_for_factor and is_required_here
