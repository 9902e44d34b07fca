"""Codes mailed to the account's verified address, as a part of reauthentication for one act."""

from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from accounts.mailing import mail
from accounts.models import User
from accounts.sign_in import mailed_codes, rate_limits
from accounts.sign_in.mailed_codes import CodeRefused
from accounts.sign_in.rate_limits import Limit
from accounts.sign_in.reauthentication.acts import Act
from accounts.sign_in.reauthentication.records import record_code
from audit.events import Event, record

BY_ACCOUNT = Limit(kind="mailed_codes.account", most=5, seconds=3600)


class TooManyCodes(Exception):
    """The account has requested more codes than the limit."""


def email_of(user: User) -> str:
    """Return the account's address if it is verified and mail can be sent, else nothing."""
    return (user.email or "") if user.email_verified and mail.is_configured() else ""


def is_waiting(request: HttpRequest, user: User, act: Act) -> bool:
    """Whether a code that was mailed for this act can still be used."""
    return mailed_codes.is_waiting(request, user, act)


def send(request: HttpRequest, user: User, act: Act) -> None:
    """Mail a new code to the account's address, replacing an earlier one.

    The limit exempts no network, because it bounds guessing. Raises TooManyCodes, and MailNotConfigured if there is no
    address to mail to.
    """
    address = email_of(user)
    if not address:
        raise mail.MailNotConfigured
    if not rate_limits.count(BY_ACCOUNT.kind, str(user.pk), limit=BY_ACCOUNT.most, seconds=BY_ACCOUNT.seconds):
        raise TooManyCodes
    with transaction.atomic():
        code = mailed_codes.issue(request, user, act, bound_to=address)
        mail.send(address, "mailed_code", {"code": code, "act": act})
        record(Event.REAUTHENTICATION_CODE_SENT, person=user, act=act.value)


@sensitive_variables("typed")
def use_code(request: HttpRequest, user: User, act: Act, typed: str) -> None:
    """Use up a code, and record the reauthentication in the session. Raises CodeRefused.

    A code that was mailed to a former address does not count.
    """
    try:
        mailed_codes.use_up(request, user, act, typed, bound_to=email_of(user))
    except CodeRefused as refused:
        if refused.tries:
            record(Event.REAUTHENTICATION_CODE_REFUSED, person=user, act=act.value, tries=refused.tries)
        raise
    record(Event.REAUTHENTICATION_CODE_VERIFIED, person=user, act=act.value)
    record_code(request, user, act)
