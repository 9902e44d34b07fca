"""What holds for every request: whose word counts about the caller, what may be kept, what an outage looks like."""

import logging
import sys
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from redis.exceptions import RedisError

from accounts.brake import Braked

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponseBase]
Networks = Sequence[IPv4Network | IPv6Network]
OUTAGES = (OperationalError, InterfaceError, RedisError)
FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


def forwarding(get_response: Handler) -> Handler:
    """Believe ``X-Forwarded-For`` and ``-Proto`` from the configured proxies, and strip all of it from others.

    The address is the nearest one that is no proxy of ours: what stands left of it, anybody can write.
    """

    def handle(request: HttpRequest) -> HttpResponseBase:
        told = {name: request.META.pop(name, "") for name in FORWARDING}
        if _is_in(request.META.get("REMOTE_ADDR", ""), settings.TRUSTED_PROXIES):
            path = [hop.strip() for hop in told["HTTP_X_FORWARDED_FOR"].split(",") if hop.strip()]
            request.META["REMOTE_ADDR"] = (
                nearest_stranger(path, settings.TRUSTED_PROXIES) or request.META["REMOTE_ADDR"]
            )
            if told["HTTP_X_FORWARDED_PROTO"].lower() == "https":
                request.META["wsgi.url_scheme"] = "https"
        return get_response(request)

    return handle


def nearest_stranger(path: Sequence[str], proxies: Networks) -> str | None:
    """Return the last address of a forwarding path that is not a proxy's, if the path is made of addresses."""
    for hop in reversed(path):
        if not _is_address(hop):
            return None
        if not _is_in(hop, proxies):
            return hop
    return None


def no_store(get_response: Handler) -> Handler:
    """Let nobody keep an answer that a view has not called keepable: most are about one person."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return handle


def unavailable(get_response: Handler) -> Handler:
    """Answer 503, with a page and in bounded time, while PostgreSQL or Redis is away."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def answer(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return outage_page() if isinstance(exception, OUTAGES) else None

    handle.process_exception = answer  # type: ignore[attr-defined]  # Django's hook for function middleware
    return handle


def too_often(get_response: Handler) -> Handler:
    """Answer 429 where the brake holds: to wrong passwords and to wrong second factors, on every page."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def answer(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Braked):
            return None
        response = render(None, "429.html", status=429)
        response.headers["Retry-After"] = str(exception.seconds)
        return response

    handle.process_exception = answer  # type: ignore[attr-defined]  # Django's hook for function middleware
    return handle


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``: an outage may also meet a middleware, where nothing of ours catches it."""
    return outage_page() if isinstance(sys.exc_info()[1], OUTAGES) else render(None, "500.html", status=500)


def outage_page() -> HttpResponse:
    logger.error("unavailable: %s", type(sys.exc_info()[1]).__name__)
    response = render(None, "503.html", status=503)
    response.headers["Retry-After"] = "5"
    return response


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: Networks) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)
