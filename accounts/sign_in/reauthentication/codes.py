"""Codes mailed to the account's verified address: typing one in proves access to that mailbox, now.

A code belongs to one act and one session, whose content alone refers to it. It expires after ten minutes or five
attempts, which are counted in the database before they are checked. Only a keyed digest of it is stored.
"""

import hmac
import re
import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.mailing import mail
from accounts.models import MailedCode, User
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from accounts.sign_in.reauthentication.acts import Act
from accounts.sign_in.reauthentication.records import record_code
from audit.events import Event, record
from foundation import lifetimes
from foundation.encryption import fingerprints

IN_SESSION = "mailed_code"  # key in the session: the id of the code that was mailed last
NONE = "00000000-0000-0000-0000-000000000000"  # the id of no code
DIGITS = 8
MOST_TRIES = 5
BY_ACCOUNT = Limit(kind="mailed_codes.account", most=5, seconds=3600)
BETWEEN = re.compile(r"[\s\u2010-\u2015-]+")


class CodeRefused(Exception):
    """The code is wrong, expired, used, tried too often, or for another act."""


class TooManyCodes(Exception):
    """The account has requested more codes than the limit."""


def email_of(user: User) -> str:
    """Return the account's address if it is verified and mail can be sent, else nothing."""
    return (user.email or "") if user.email_verified and mail.is_configured() else ""


def is_waiting(request: HttpRequest, user: User, act: Act) -> bool:
    """Whether a code that was mailed for this act can still be used."""
    return MailedCode.objects.live().filter(pk=_mailed(request), user=user, act=act, tries__lt=MOST_TRIES).exists()


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
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    with transaction.atomic():
        MailedCode.objects.filter(pk=_mailed(request), user=user).delete()
        row = MailedCode(user=user, act=act, expires_at=timezone.now() + lifetimes.MAILED_CODE)
        row.digest = _digests(code, row, address)[0]
        row.save(force_insert=True)
        mail.send(address, "mailed_code", {"code": f"{code[:4]} {code[4:]}", "act": act})
        record(Event.REAUTHENTICATION_CODE_SENT, person=user, act=act.value)
    request.session[IN_SESSION] = str(row.pk)


@sensitive_variables("typed", "code")
def use_code(request: HttpRequest, user: User, act: Act, typed: str) -> None:
    """Use up a code, and record the reauthentication in the session. Raises CodeRefused."""
    row = _tried(request, user, act)
    code = BETWEEN.sub("", typed[:64])
    is_right = row is not None and any(
        hmac.compare_digest(row.digest, digest) for digest in _digests(code, row, email_of(user))
    )
    if row is None:
        raise CodeRefused  # not recorded: nothing was checked, and such attempts are unlimited
    if not is_right or not MailedCode.objects.live().filter(pk=row.pk).update(used_at=timezone.now()):
        record(Event.REAUTHENTICATION_CODE_REFUSED, person=user, act=act.value, tries=row.tries)
        raise CodeRefused
    record(Event.REAUTHENTICATION_CODE_VERIFIED, person=user, act=act.value)
    request.session.pop(IN_SESSION, None)
    record_code(request, user, act)


def _tried(request: HttpRequest, user: User, act: Act) -> MailedCode | None:
    """Count an attempt before it is checked, and return the row. So concurrent attempts cannot exceed the limit."""
    rows = MailedCode.objects.live().filter(pk=_mailed(request), user=user, act=act, tries__lt=MOST_TRIES)
    if not rows.update(tries=F("tries") + 1):
        return None
    return MailedCode.objects.filter(pk=_mailed(request)).first()


def _mailed(request: HttpRequest) -> UUID:
    return UUID(request.session.get(IN_SESSION, NONE))


def _digests(code: str, row: MailedCode, email: str) -> list[str]:
    """Return the keyed digests, bound to the address: a code that was mailed to a former address does not count."""
    return fingerprints(code, owner=f"{row.pk} {email}", purpose="mailed_code")
