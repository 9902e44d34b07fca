"""Telling what was done after a sign-in alone: the account has nothing stronger that its owner could be asked for."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.mailing import mail
from accounts.models import User
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.reauthentication.acts import Act
from audit.events import Event, record

NOTICE_KEY = "told_of_acts"  # in the session: the acts that were told, each of them once
NOTICE = "acts_to_notice"  # in the session: those that the account's page has still to tell


def record_acceptance(request: HttpRequest, act: Act) -> None:
    """Write it into the trail, to the account's page and, where the account has an address at all, in a mail.

    An address that nobody has verified opens nothing by it: the mail holds no link to anything but the site.
    """
    user, told = request.user, request.session.get(NOTICE_KEY, [])
    if not isinstance(user, User) or act in told:
        return
    with transaction.atomic():
        record(Event.REAUTHENTICATION_SIGN_IN_ACCEPTED, person=user, act=act.value)
        if user.email and mail.is_configured():
            mail.send(user.email, "done_after_sign_in", {"act": act})
    request.session[NOTICE_KEY] = [*told, act.value]
    request.session[NOTICE] = [*request.session.get(NOTICE, []), act.value]


def add_message(request: HttpRequest, user: User) -> None:
    """Say once on this page what was done after a sign-in alone."""
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
