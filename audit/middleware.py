"""The middleware that passes a request's id, its origin and its person to the trail."""

import logging
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponseBase

from audit.context import Actor, ActorKind, Traces, acting
from audit.events import Event, record
from audit.models import Entry

logger = logging.getLogger(__name__)

PATIENCE = "SET LOCAL statement_timeout = '500ms'"


class ContextMiddleware:
    """Place it before the session middleware, and after the one that takes the IP address from a trusted proxy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = uuid4()
        traces = Traces()
        with acting(
            request_id=request_id,
            ip_address=_ip_address(request.META.get("REMOTE_ADDR", "")),
            user_agent=_clean(request.META.get("HTTP_USER_AGENT", ""))[:400] or None,
            actor=lambda: _signed_in(request),
            traces=traces,
        ):
            response = self.get_response(request)
            if traces.has_changed and not traces.has_recorded_request:
                _record_request(request_id)
        response.headers["X-Request-ID"] = str(request_id)
        return response


def _record_request(request_id: UUID) -> None:
    """Record the origin of a request that changed something but recorded no event (ADR 18).

    Its changes are committed already. So a failure or a timeout here is logged and does not change the response.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PATIENCE)
            if Entry.objects.filter(request_id=request_id).exists():
                record(Event.REQUEST_RECORDED)
    except DatabaseError:
        logger.exception("the origin of request %s could not be recorded in the trail", request_id)


def _signed_in(request: HttpRequest) -> Actor | None:
    """Return the person of the session at this moment, because signing in and out change it during a request.

    Called when a write happens. It costs nothing for a visitor without a session, or if the session is loaded already.
    """
    session = getattr(request, "session", None)
    if session is None or not (session.accessed or settings.SESSION_COOKIE_NAME in request.COOKIES):
        return None
    person = session.get(SESSION_KEY)
    return Actor(ActorKind.PERSON, person) if person else None


@lru_cache(maxsize=1024)  # most addresses come back
def _ip_address(text: str) -> str | None:
    """Return an address that PostgreSQL can parse, without a zone id, or None, as for a Unix socket."""
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _clean(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
