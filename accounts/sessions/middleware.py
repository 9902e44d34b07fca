"""The authentication middleware: ``request.user`` is the person that was read together with the session."""

import logging

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
    """Django's middleware without its query; it also records the use of a session, at most once a minute.

    The use is written after the response, in its own transaction. In the request's transaction it would lock the row
    for as long as the view takes, and two requests that revoke each other's sessions would deadlock.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        _identify_when_asked(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101  # we serve WSGI
        _record_use(request)
        devices.remember(request, response)
        return response


def _identify_when_asked(request: HttpRequest) -> None:
    """Let ``request.user`` be whose session it is, once that is asked. From then on it is the person, and no proxy."""

    def identify() -> AbstractBaseUser | AnonymousUser:
        person = _person_of(request)
        if vars(request)["user"] is asked:
            vars(request)["user"] = person
        return person

    asked = SimpleLazyObject(identify)
    vars(request)["user"] = asked


def _person_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Check what ``django.contrib.auth.get_user`` checks, which flushes a session that no longer fits its person.

    For a session from a former SECRET_KEY, Django also cycles the session key. Then an act that has locked the session
    finds no row under the key, and the second of two concurrent requests has an obsolete key. Here the key stays.
    """
    session = request.session
    assert isinstance(session, SessionStore)  # noqa: S101  # the only engine that we have
    person = session.person
    if person is None or session.get(SESSION_KEY) != str(person.pk):
        return AnonymousUser()
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return get_user(request)
    stored, newest = session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
    if constant_time_compare(stored, newest):
        return person
    if any(constant_time_compare(stored, former) for former in person.get_session_auth_fallback_hash()):
        session[HASH_SESSION_KEY] = newest
        return person
    return get_user(request)


def _record_use(request: HttpRequest) -> None:
    """Record the use of the session. The response is complete by now, so a failure is only logged."""
    session = request.session
    if not (isinstance(session, SessionStore) and session.is_loaded and session.session_key):
        return
    if session.loaded is None or not session.loaded.is_seen_long_ago:
        return
    context = current()
    try:
        session.record_use(ip=context.ip_address, user_agent=context.user_agent or "")
    except DatabaseError:
        logger.exception("the use of a session was not recorded")
