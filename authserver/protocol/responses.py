"""The responses to programs: JSON that nobody caches, and errors with the status and header that the RFCs want."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError

from accounts.organizations.middleware import without_tenant
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from authserver.keys.ring import NoKey
from authserver.protocol.bearer_credential import BearerError
from authserver.protocol.errors import ErrorCode, OAuthError

logger = logging.getLogger(__name__)

Endpoint = Callable[[HttpRequest], HttpResponse]
REALM = "vestibule"


def json_response(document: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Return a JSON response that must not be stored (RFC 6749, section 5.1)."""
    response = HttpResponse(json.dumps(document), content_type="application/json", status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def error_response(refused: OAuthError) -> HttpResponse:
    """Return the error response (RFC 6749, section 5.2). 401 says how to authenticate (RFC 9110, section 11.6.1)."""
    response = json_response(refused.as_json(), status=refused.status)
    if isinstance(refused, BearerError):
        response.headers["WWW-Authenticate"] = refused.challenge(REALM)
    elif refused.status == 401:
        response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
    if refused.retry_after:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def endpoint(*methods: str) -> Callable[[Endpoint], Endpoint]:
    """Make a view for programs: no cookies count, so no CSRF token is needed, and every failure is JSON."""

    def decorate(view: Endpoint) -> Endpoint:
        @csrf_exempt
        @without_tenant
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.method not in methods:
                return _method_not_allowed(methods)
            try:
                return view(request)
            except OAuthError as refused:
                return error_response(refused)
            except NoKey as missing:
                logger.error("no key signs with %s", missing)  # noqa: TRY400  # the configuration is at fault
                return _unavailable()
            except (OperationalError, InterfaceError, RedisError) as outage:
                logger.error("unavailable: %s", type(outage).__name__)  # noqa: TRY400  # the cause is logged elsewhere
                return _unavailable()

        return guarded

    return decorate


def too_many_requests(limit: Limit) -> OAuthError:
    """Return the refusal for a client that has reached a rate limit (RFC 6585, section 4)."""
    return OAuthError(
        ErrorCode.TEMPORARILY_UNAVAILABLE,
        "The client asks too often. Try again later.",
        status=429,
        retry_after=rate_limits.seconds_left(limit),
    )


def _method_not_allowed(methods: tuple[str, ...]) -> HttpResponse:
    refused = OAuthError(ErrorCode.INVALID_REQUEST, f"Use {' or '.join(methods)}.", status=405)
    response = error_response(refused)
    response.headers["Allow"] = HttpResponseNotAllowed(methods).headers["Allow"]
    return response


def _unavailable() -> HttpResponse:
    unavailable = OAuthError(
        ErrorCode.TEMPORARILY_UNAVAILABLE,
        "A part of the site is not available. Try again in a moment.",
        status=503,
        retry_after=5,
    )
    return error_response(unavailable)
