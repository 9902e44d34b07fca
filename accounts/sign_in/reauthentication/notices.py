"""Notify people of acts that a sign-in alone allowed, because their account has nothing stronger."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.mailing import mail
from accounts.models import User
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.reauthentication.acts import Act
from audit.events import Event, record

NOTICE_KEY = "told_of_acts"  # key in the session: the acts that were notified, each of them once
NOTICE = "acts_to_notice"  # key in the session: the acts that the account page has yet to show


def record_acceptance(request: HttpRequest, act: Act) -> None:
    """Record the act, show it on the account page and, if the account has an address, send a mail.

    An unverified address is used too: the mail gives no access, because its only link is to the site.
    """
    user, notified = request.user, request.session.get(NOTICE_KEY, [])
    if not isinstance(user, User) or act in notified:
        return
    with transaction.atomic():
        record(Event.REAUTHENTICATION_SIGN_IN_ACCEPTED, person=user, act=act.value)
        if user.email and mail.is_configured():
            mail.send(user.email, "done_after_sign_in", {"act": act})
    request.session[NOTICE_KEY] = [*notified, act.value]
    request.session[NOTICE] = [*request.session.get(NOTICE, []), act.value]


def add_message(request: HttpRequest, user: User) -> None:
    """Add a message, once, about the acts that a sign-in alone allowed."""
    acts = [Act(act).label for act in request.session.pop(NOTICE, []) if act in Act]
    if not acts:
        return
    done = {"acts": ", ".join(str(act) for act in acts)}
    if user.email_verified or has_second_factor(user):
        words = _("A sign-in alone was enough to %(acts)s, because your account had nothing stronger.")
    else:
        words = _(
            "A sign-in alone was enough to %(acts)s, because your account has nothing stronger. "
            "Verify an e-mail address or add a second factor."
        )
    messages.warning(request, words % done)
