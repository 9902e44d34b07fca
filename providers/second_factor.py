"""Asking a provider for a second factor where the person must have one (``<PROVIDER>_ACR_VALUES``).

Who signs in is known only when the provider has answered. So nobody is asked for it at first; whoever must have a
second factor and has none here is sent back once, and the provider asks for what is missing.
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
    """Whether somebody who is signed in, and proves or connects something, must have a second factor."""
    return process is not Process.SIGN_IN and isinstance(request.user, User) and must_have_second_factor(request.user)


def asked_there(request: HttpRequest, provider: Provider, flow: Flow, response: HttpResponseBase) -> HttpResponseBase:
    """Return the way back to the provider for whoever would have to add a factor here, else the response as it is.

    The first proof waits meanwhile, as it would for a factor of ours; the next answer takes its place. Who comes back
    without a second factor is not sent again: they add one here.
    """
    if not _is_missing(flow, response) or not isinstance(provider, OpenIDProvider) or not provider.acr_values:
        return response
    again = flow.asking_for_factor()
    try:
        with one_deadline():
            onward = HttpResponseRedirect(provider.start_url(again))
    except SignInRefused as refused:
        logger.warning("not asked for a second factor: provider=%s reason=%s", provider.id, refused)
        return response
    again.remember(request, onward)
    return onward


def _is_missing(flow: Flow, response: HttpResponseBase) -> bool:
    is_at_the_door = urlsplit(response.headers.get("Location", "")).path == reverse("factor-required")
    return flow.process is Process.SIGN_IN and not flow.asks_for_factor and is_at_the_door
