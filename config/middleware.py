"""What holds for every request: what may be kept, what browsers are told, what an outage looks like."""

import logging
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.middleware import MessageMiddleware
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.organizations.middleware import afterwards, is_for_programs
from accounts.sessions import forget_sign_in
from accounts.sign_in import login_throttle, people
from accounts.sign_in.login_throttle import Throttled
from accounts.sign_in.people import RevokedMeanwhile
from audit.events import Event, record
from foundation.next_page import query

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponseBase]
ENDED_MEANWHILE = _(
    "You are not signed in. While you were signing in, your account was locked, signed out everywhere, or changed: "
    "its password, second factor, sign-in methods or roles. Start again, or ask your administrator."
)
OUTAGES = (OperationalError, InterfaceError, RedisError)


def no_store(get_response: Handler) -> Handler:
    """Let nobody keep an answer that a view has not called keepable: most are about one person."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return handle


class ForPages:
    """Spares the API what only pages need; before a middleware among its base classes."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_programs(request):
            return self.get_response(request)  # type: ignore[attr-defined]  # that middleware's, as is the next
        return super().__call__(request)  # type: ignore[misc]


class StaticFiles(ForPages, WhiteNoiseMiddleware):  # type: ignore[misc]  # a library without types
    def __call__(self, request: HttpRequest) -> Any:
        """Its own refusal of anything but reading is an empty page: there is nothing at such an address."""
        return super().__call__(request) if request.method in {"GET", "HEAD"} else self.get_response(request)


class Language(ForPages, LocaleMiddleware):
    def __call__(self, request: HttpRequest) -> Any:
        """Programs are spoken to in one language, not in that of whoever was served by this thread before."""
        if is_for_programs(request):
            translation.activate(settings.LANGUAGE_CODE)
        return super().__call__(request)

    def process_request(self, request: HttpRequest) -> None:
        """As Django's, but for languages in paths, which we have none of: looking for one costs a page a fortieth."""
        translation.activate(translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class Messages(ForPages, MessageMiddleware):
    pass


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp's, which builds the same header anew each time: answers without a wish share the one built first."""

    WISHES = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt")  # what views leave on an answer

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_usual = not any(hasattr(response, wish) for wish in self.WISHES) and HEADER not in response.headers
        if settings.DEBUG or not is_usual or hasattr(request, "_csp_nonce"):
            return super().process_response(request, response)
        response.headers[HEADER] = self._usual
        return response

    @cached_property
    def _usual(self) -> str:
        return build_policy()


def in_words(get_response: Handler) -> Handler:
    """Say in words that an address cannot be asked like that (405): Django's own answer is an empty page."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 405 or not isinstance(response, HttpResponse) or response.content:
            return response
        if not is_for_programs(request):
            response.content = render_to_string("405.html")
            response.headers["Content-Length"] = str(len(response.content))  # Django's own said 0, further in
        return response

    return handle


def on_exception(answer: Callable[[HttpRequest, Exception], HttpResponse | None]) -> Callable[[Handler], Handler]:
    """Make a middleware of what answers in place of an exception of a view's, or leaves it alone by None."""

    @wraps(answer)
    def middleware(get_response: Handler) -> Handler:
        def handle(request: HttpRequest) -> HttpResponseBase:
            return get_response(request)

        handle.process_exception = answer  # type: ignore[attr-defined]  # Django's hook for function middleware
        return handle

    return middleware


@on_exception
def unavailable(_request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Answer 503, with a page and in bounded time, while PostgreSQL or Redis is away."""
    return outage_page() if isinstance(exception, OUTAGES) else None


@on_exception
def too_often(_request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Answer 429 where the brake holds: to wrong passwords and to wrong second factors, on every page."""
    return login_throttle.answer(exception) if isinstance(exception, Throttled) else None


@on_exception
def revoked_meanwhile(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Send back to the start whose account was closed or cut off while they signed in, whatever door they came by.

    They still come to where they were going; whose session ended while they acted in it, to the page where they were.
    What is written of it comes after the request's transaction, which is rolled back.
    """
    if not isinstance(exception, RevokedMeanwhile):
        return None
    onward = request.get_full_path() if exception.onward is None else exception.onward
    afterwards(request, partial(_drop_revoked, request, exception.person))
    messages.warning(request, ENDED_MEANWHILE, fail_silently=True)  # programs have none
    return HttpResponseRedirect(reverse("account_login") + query(onward, stay=exception.stays))


def _drop_revoked(request: HttpRequest, person: UUID) -> None:
    forget_sign_in(request)
    people.set_epoch_right(person)
    record(Event.SIGN_IN_REFUSED, person=person, reason="revoked_meanwhile")
    logger.warning("refused: reason=revoked_meanwhile person=%s", person)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``: of what it refuses by itself, a body that is too large has a status of its own."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return render(None, f"{status}.html", status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``: an outage may also meet a middleware, where nothing of ours catches it."""
    return outage_page() if isinstance(sys.exc_info()[1], OUTAGES) else render(None, "500.html", status=500)


def outage_page() -> HttpResponse:
    logger.error("unavailable: %s", type(sys.exc_info()[1]).__name__)
    response = render(None, "503.html", status=503)
    response.headers["Retry-After"] = "5"
    return response
