"""A shorter way through the middleware for programs: the API's operations and the endpoints of clients (ADR 58).

Most middleware is for pages: sessions, CSRF tokens, languages, messages, static files. Django's handler calls every one
for every request, so two entries of ``MIDDLEWARE`` make the shorter way: ``innermost``, the last one, keeps what calls
the view, and ``ForPrograms`` calls that directly.
"""

import threading
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import translation

from accounts.organizations.middleware import OPERATIONS, TenancyMiddleware
from accounts.sessions.middleware import AuthenticationMiddleware
from api.errors import everywhere
from config.middleware import ContentSecurityPolicy
from providers.revalidation.middleware import RevalidationMiddleware

Handler = Callable[[HttpRequest], HttpResponseBase]

FORWARD = "/oauth/forward"  # its answers reach browsers at hosts that are not ours: we promise nothing about their TLS
ENDPOINTS = frozenset(
    {
        "/oauth/token", "/oauth/introspect", "/oauth/userinfo", "/oauth/revoke", "/oauth/jwks",
        "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", FORWARD,
    }
)  # fmt: skip


def in_one_language(get_response: Handler) -> Handler:
    """Answer in the source language, not in that of this thread's previous request. A foreign host is refused."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        translation.activate(settings.LANGUAGE_CODE)
        request.get_host()
        return get_response(request)

    return handle


# What an operation needs of the long way: a caller may have a session. The first one is the outermost.
OF_OPERATIONS: tuple[Callable[[Any], Any], ...] = (
    everywhere, in_one_language, SessionMiddleware, AuthenticationMiddleware, RevalidationMiddleware, TenancyMiddleware,
)  # fmt: skip
# What gives all responses the same headers. Their values are taken once.
OF_HEADERS: tuple[Callable[[Any], Any], ...] = (SecurityMiddleware, ContentSecurityPolicy, XFrameOptionsMiddleware)

_building = threading.local()


def innermost(get_response: Handler) -> Handler:
    """Keep what calls the view for ``ForPrograms``, which Django builds afterwards: from the last to the first."""
    _building.call_view = get_response
    return get_response


class ForPrograms:
    """Sends requests of programs the shorter way. Place it before everything that only pages need."""

    def __init__(self, get_response: Handler) -> None:
        call_view: Handler = _building.call_view
        self.of_pages = get_response
        self.of_endpoints = _wrapped(call_view, in_one_language)
        self.of_operations = reduce(_wrapped, reversed(OF_OPERATIONS), call_view)
        self.headers = {is_over_tls: _usual_headers(is_over_tls=is_over_tls) for is_over_tls in (False, True)}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path in ENDPOINTS:
            answer = self.of_endpoints
        elif path.startswith(OPERATIONS):
            answer = self.of_operations
        else:
            return self.of_pages(request)
        response = answer(request)
        headers = response.headers
        is_ours_over_tls = request.is_secure() and path != FORWARD
        for name, value in self.headers[is_ours_over_tls].items():
            if name not in headers:
                headers[name] = value
        if isinstance(response, HttpResponse) and "Content-Length" not in headers:
            headers["Content-Length"] = str(len(response.content))
        return response


def _wrapped(inner: Handler, middleware: Callable[[Any], Any]) -> Handler:
    """As Django's handler does: an exception becomes a response before the next middleware sees it."""
    return cast("Handler", convert_exception_to_response(middleware(inner)))


def _usual_headers(*, is_over_tls: bool) -> Mapping[str, str]:
    """Return the headers that the middleware for pages gives a response that has none of them."""
    request, response = HttpRequest(), HttpResponse()
    request._get_scheme = lambda: "https" if is_over_tls else "http"  # type: ignore[attr-defined]  # noqa: SLF001
    for middleware in OF_HEADERS:
        response = middleware(lambda _request, found=response: found)(request)
    del response.headers["Content-Type"]
    return {**response.headers, "Cache-Control": "no-store"}
