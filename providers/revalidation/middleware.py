"""Middleware that notices that a person uses a session, and has its providers checked by a task after the response."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Session
from accounts.sessions import SessionStore
from accounts.sessions.reading import LoadedSession
from foundation.clocks import is_due
from providers import tasks
from providers.revalidation import silent_check
from providers.revalidation.interval import LONGEST

logger = logging.getLogger(__name__)

RETRY = timedelta(minutes=5)  # until the check itself, which knows the session's providers, sets the next time


class RevalidationMiddleware:
    """Enqueues a check of the session's providers when it is due.

    Loading the session already returns when it is due, so other requests cost nothing. The check is enqueued after the
    response has been sent: one statement, and a message with the session's public id. Of several concurrent requests
    one does so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if (unverified_since := _unverified_since(request)) is not None:
            is_theirs = is_by_a_person(request, response)
            return silent_check.answered(request, response, unverified_since, is_by_a_person=is_theirs)
        due = _due(request)
        key = request.session.session_key if due else None
        if due is not None and key and is_by_a_person(request, response):
            ask = partial(_enqueue, key, due)
            response._resource_closers.append(ask)  # type: ignore[attr-defined]  # noqa: SLF001  # runs after the response
        return response


def is_by_a_person(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a person made this request. Only such requests keep a session alive upstream.

    Browsers say so in Fetch Metadata Request Headers: the request is a navigation to a page, not for a script, an image
    or a frame. Without these headers, a GET request for an HTML page counts. Pages of ours that reload themselves
    (``Refresh``) never count.
    """
    if "Refresh" in response.headers:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate" and request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return request.method == "GET" and response.headers.get("Content-Type", "").startswith("text/html")


def _loaded_session(request: HttpRequest) -> LoadedSession | None:
    session = request.session
    if not (isinstance(session, SessionStore) and session.is_loaded and session.session_key):
        return None
    return session.loaded if session.loaded and session.loaded.person else None


def _unverified_since(request: HttpRequest) -> datetime | None:
    found = _loaded_session(request)
    return found.unverified_since if found else None


def _due(request: HttpRequest) -> datetime | None:
    found = _loaded_session(request)
    if found is None or found.revalidate_at is None or not is_due(found.revalidate_at, longest=LONGEST):
        return None
    return found.revalidate_at


def _enqueue(session_key: str, due: datetime) -> None:
    """Enqueue the check. The response has been sent, so errors are only logged; the next check is minutes away."""
    try:
        ours = Session.objects.of_browser(session_key).filter(revalidate_at=due)
        if ours.update(revalidate_at=timezone.now() + RETRY):
            session_id = Session(session_key=session_key).public_id
            tasks.revalidate_session.apply_async(kwargs={"session_id": session_id}, retry=False)
    except (DatabaseError, OperationalError):
        logger.exception("could not enqueue the check of a session at its providers")
