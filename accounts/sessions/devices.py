"""Sign-ins from a browser that an account has not seen before: its owner gets a mail.

One decider, and simple on purpose. A browser is known by a signed cookie that each sign-in leaves, or by its kind: a
session of the person that is still kept, from the same family of browser on the same system. An account that is new
is told nothing: whoever opens it has just done so.
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
MOST_SESSIONS = 100  # that are looked at
NEW_ACCOUNT_FOR = timedelta(days=30)  # far shorter than the trail is kept
SIGNED_IN_HERE = "known_browser.signed_in"  # in the request: who has signed in by it


def notify_new_device(request: HttpRequest, user: User) -> None:
    """Mail somebody who signs in from a browser that is new to their account. Call it before the sign-in is recorded.

    A browser with the cookie costs no statement, and neither does an account that cannot be mailed to.
    """
    request.META[SIGNED_IN_HERE] = _mark(user)
    if _mark(user) not in _marks(request) and notices.reaches(user) and _is_new(user):
        notices.notify(user, Notice.NEW_DEVICE)


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Leave the cookie in a browser by which somebody has just signed in, if they are signed in by now."""
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
    """What a browser knows an account by. It is another after a cut-off: then every browser is new again."""
    return hashlib.sha256(f"{user.pk} {user.not_before}".encode()).hexdigest()[:22]
