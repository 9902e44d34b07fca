"""Notify people of a sign-in from a browser that is new to their account.

The rule is simple on purpose. A browser is known by the signed cookie that every sign-in sets, or by its kind: a stored
session of the person has the same browser family on the same operating system. The first sign-in of a new account sends
no notice, because its owner has just opened it.
"""

import hashlib
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Session, User
from audit.context import current
from audit.events import Event
from audit.models import Entry
from foundation import lifetimes
from foundation.browsers import name_browser
from foundation.cookies import cookie_name, set_cookie

COOKIE = cookie_name("known_browser")
MOST_ACCOUNTS = 8  # in one browser
MOST_SESSIONS = 100  # that are compared
NEW_ACCOUNT_FOR = timedelta(days=30)  # far shorter than the retention of the trail
SIGNED_IN_HERE = "known_browser.signed_in"  # key in request.META: the mark of the account that signed in


def notify_new_device(request: HttpRequest, user: User) -> None:
    """Mail a person who signs in from a browser that is new to their account. Call this before recording the sign-in.

    It costs no query if the browser has the cookie, or if no mail can reach the account.
    """
    request.META[SIGNED_IN_HERE] = _mark(user)
    if _mark(user) not in _marks(request) and notices.reaches(user) and _is_new(user):
        notices.notify(user, Notice.NEW_DEVICE)


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie in a browser that has just signed in, if the sign-in is complete."""
    mark = request.META.get(SIGNED_IN_HERE)
    if mark is None or not (isinstance(request.user, User) and _mark(request.user) == mark):
        return
    others = [other for other in _marks(request) if other != mark]
    value = signing.dumps([mark, *others][:MOST_ACCOUNTS], salt=__name__)
    set_cookie(response, COOKIE, value, max_age=lifetimes.KNOWN_BROWSER)


def _is_new(user: User) -> bool:
    family = name_browser(current().user_agent or "")
    seen = Session.objects.filter(user=user).order_by().values_list("user_agent", flat=True).distinct()
    families = {name_browser(user_agent) for user_agent in seen[:MOST_SESSIONS]}
    return family not in families and (bool(families) or not _signs_in_first(user))


def _signs_in_first(user: User) -> bool:
    if user.created_at < timezone.now() - NEW_ACCOUNT_FOR:
        return False
    return not Entry.objects.filter(person=str(user.pk), action=Event.SIGN_IN_SUCCEEDED.value).exists()


def _marks(request: HttpRequest) -> list[str]:
    try:
        marks = signing.loads(request.COOKIES.get(COOKIE, ""), salt=__name__, max_age=lifetimes.KNOWN_BROWSER)
    except signing.BadSignature:
        return []
    return [str(mark) for mark in marks]


def _mark(user: User) -> str:
    """Return the mark of an account in the cookie. It changes with a cut-off: then every browser is new again."""
    return hashlib.sha256(f"{user.pk} {user.not_before}".encode()).hexdigest()[:22]
