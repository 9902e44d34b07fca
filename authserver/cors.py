"""Which scripts in browsers may read our answers: those of pages whose origin an app has registered (ADR 66).

Nothing is decided for cookies: no response ever allows a script to send them, so that a session is of no use to one.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from foundation.rows import fetch_all

logger = logging.getLogger(__name__)

PUBLIC = ("/.well-known/", "/oauth/jwks")  # the same for everybody, so any script may read it
OF_CLIENTS = ("/api/", "/oauth/token", "/oauth/userinfo", "/oauth/revoke")
READ = "SELECT origin, client FROM public.client_web_origins()"
FRESH = 1.0  # seconds after which the origins are read again
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "7200",  # seconds; browsers allow no more
}
EXPOSED = {"Access-Control-Expose-Headers": "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"}


class ReadRequest(HttpRequest):
    """A request whose credential is known: a type for ``cast``, not the class of any request."""

    readable_by: UUID | None


def only_for(request: HttpRequest, client: UUID | None) -> None:
    """Let only pages of this client read the response. None: the credential belongs to no client, so no page may."""
    cast("ReadRequest", request).readable_by = client


def cross_origin(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer preflights, and say of each response which origin may read it. A middleware (Fetch, section 3.3)."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PUBLIC + OF_CLIENTS):
            return get_response(request)
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if is_preflight else get_response(request)
        if request.path_info.startswith(PUBLIC):
            allowed = "*"
        else:
            patch_vary_headers(response, ("Origin",))
            allowed = _allowed(request)
        if allowed:
            response.headers["Access-Control-Allow-Origin"] = allowed
            for name, value in (PREFLIGHT if is_preflight else EXPOSED).items():
                response.headers[name] = value
        return response

    return handle


def _allowed(request: HttpRequest) -> str:
    """Return the request's origin if its pages may read the response, otherwise an empty string.

    Until a credential is known, any app's pages may: they need to read why it does not count.
    """
    origin = request.headers.get("Origin", "")
    clients = _registered().get(origin) if origin else None
    if not clients:
        return ""
    return origin if getattr(request, "readable_by", None) in clients or not hasattr(request, "readable_by") else ""


def _registered() -> Mapping[str, frozenset[UUID]]:
    try:
        return read(int(time.monotonic() // FRESH))
    except (OperationalError, InterfaceError) as outage:
        logger.error("unavailable: %s", type(outage).__name__)  # noqa: TRY400  # the cause is logged elsewhere
        return {}


@lru_cache(maxsize=1)
def read(_window: int) -> Mapping[str, frozenset[UUID]]:
    """Return the running clients of every registered origin, read once in each window of time."""
    found: dict[str, set[UUID]] = {}
    for origin, client in fetch_all(READ, []):
        found.setdefault(origin, set()).add(client)
    return {origin: frozenset(clients) for origin, clients in found.items()}
