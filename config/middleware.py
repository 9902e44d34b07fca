"""Middleware for pages: caching, headers for browsers, and pages for outages and refusals."""

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

from accounts.organizations.middleware import afterwards
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
    """Forbid caching unless a view has set ``Cache-Control``: most responses are about one person."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return handle


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # a library without types
    def __call__(self, request: HttpRequest) -> Any:
        """Pass other methods on: WhiteNoise would answer them with an empty 405."""
        return super().__call__(request) if request.method in {"GET", "HEAD"} else self.get_response(request)


class Language(LocaleMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        """Django's, without language prefixes in paths, which this site does not use. It saves 2.5 % of a page."""
        translation.activate(translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp's middleware, with one cached header for all responses that no view has changed it for."""

    WISHES = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt")  # attributes that views set on a response

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
    """Give a response with status 405 a page: Django's has an empty body."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 405 or not isinstance(response, HttpResponse) or response.content:
            return response
        response.content = render_to_string("405.html")
        response.headers["Content-Length"] = str(len(response.content))  # an inner middleware set it to 0
        return response

    return handle


def on_exception(answer: Callable[[HttpRequest, Exception], HttpResponse | None]) -> Callable[[Handler], Handler]:
    """Make a middleware of a function that turns a view's exception into a response, or returns None to pass it on."""

    @wraps(answer)
    def middleware(get_response: Handler) -> Handler:
        def handle(request: HttpRequest) -> HttpResponseBase:
            return get_response(request)

        handle.process_exception = answer  # type: ignore[attr-defined]  # Django's hook for function middleware
        return handle

    return middleware


@on_exception
def unavailable(_request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Answer 503, with a page and in bounded time, while PostgreSQL or Redis is unavailable."""
    return outage_page() if isinstance(exception, OUTAGES) else None


@on_exception
def too_often(_request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Answer 429 to throttled sign-ins: wrong passwords and wrong second factors, on every page."""
    return login_throttle.answer(exception) if isinstance(exception, Throttled) else None


@on_exception
def revoked_meanwhile(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Redirect a person whose account was deactivated or cut off during the sign-in to the sign-in page.

    After signing in they reach their destination; if their session ended while they used it, the page of that request.
    The refusal is recorded after the request's transaction, which is rolled back.
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
    """Django's ``handler400``, which gives a body that is too large the status 413."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return render(None, f"{status}.html", status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``. An outage in a middleware comes here, since ``unavailable`` sees only views."""
    return outage_page() if isinstance(sys.exc_info()[1], OUTAGES) else render(None, "500.html", status=500)


def outage_page() -> HttpResponse:
    logger.error("unavailable: %s", type(sys.exc_info()[1]).__name__)
    response = render(None, "503.html", status=503)
    response.headers["Retry-After"] = "5"
    return response
