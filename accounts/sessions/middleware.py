"""Who is signed in: the person whom the session's own read has brought along."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangosMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.sessions import devices
from accounts.sessions.store import SessionStore
from audit.context import current

logger = logging.getLogger(__name__)


class AuthenticationMiddleware(DjangosMiddleware):
    """Django's, without a read of its own; and what notes that a session is used, once a minute.

    That is written after the answer, in a statement by itself: in the request's transaction it would hold the row as
    long as the view takes, and two requests that end each other's sessions would wait for one another.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.user = SimpleLazyObject(lambda: _person_of(request))  # type: ignore[assignment]  # as Django's own
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101  # we serve WSGI
        _note_use(request)
        devices.remember(request, response)
        return response


def _person_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Judge as ``django.contrib.auth.get_user`` does, which ends a session that does not fit its person any more.

    Under a former SECRET_KEY that also draws another key for the session. An act that holds the session finds no row
    under it then, and of two requests at once the second has a key that is over. Here the session keeps its key.
    """
    session: Any = request.session
    if not isinstance(session, SessionStore):
        return get_user(request)
    person = session.person
    if person is None or session.get(SESSION_KEY) != str(person.pk):
        return AnonymousUser()
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return get_user(request)
    kept, newest = session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
    if constant_time_compare(kept, newest):
        return person
    if any(constant_time_compare(kept, former) for former in person.get_session_auth_fallback_hash()):
        session[HASH_SESSION_KEY] = newest
        return person
    return get_user(request)


def _note_use(request: HttpRequest) -> None:
    """The answer is made: trouble here goes to the log and leaves it as it is."""
    session = request.session
    if not (isinstance(session, SessionStore) and session.is_loaded and session.session_key):
        return
    if session.loaded is None or not session.loaded.is_seen_long_ago:
        return
    context = current()
    try:
        session.record_use(ip=context.address, user_agent=context.user_agent or "")
    except DatabaseError:
        logger.exception("a session's use was not noted")
