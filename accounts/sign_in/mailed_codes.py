"""Mailed codes: typing one in proves access to a mailbox, now.

A code belongs to one act, one session, whose content alone refers to it, and whatever else its caller binds it to. It
expires after ten minutes or five attempts, which are counted in the database before they are checked. Only a keyed
digest of it is stored.
"""

import hmac
import re
import secrets
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.models import MailedCode, User
from foundation import lifetimes
from foundation.encryption import fingerprints

IN_SESSION = "mailed_code"  # key in the session: the id of the code that was mailed last
NONE = "00000000-0000-0000-0000-000000000000"  # the id of no code
DIGITS = 8
MOST_TRIES = 5
BETWEEN = re.compile(r"[\s\u2010-\u2015-]+")


class CodeRefused(Exception):
    """The code is wrong, expired, used, tried too often, or for another act.

    ``tries`` counts the attempts at a code that was checked. It is 0 if there was none to check: such attempts are
    unlimited, so they must not be recorded.
    """

    def __init__(self, tries: int = 0) -> None:
        super().__init__()
        self.tries = tries


def is_waiting(request: HttpRequest, user: User, act: str) -> bool:
    """Whether a code that was issued for this act in this session can still be used."""
    return _usable(request, user, act).exists()


def issue(request: HttpRequest, user: User, act: str, *, bound_to: str) -> str:
    """Store a new code and return it as the mail shows it. It replaces the session's earlier one.

    ``bound_to`` must be the same when the code is used. The caller limits how many codes there are, since each one
    allows five guesses.
    """
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    MailedCode.objects.filter(pk=_issued(request), user=user).delete()
    row = MailedCode(user=user, act=act, expires_at=timezone.now() + lifetimes.MAILED_CODE)
    row.digest = _digests(code, row, bound_to)[0]
    row.save(force_insert=True)
    request.session[IN_SESSION] = str(row.pk)
    return f"{code[:4]} {code[4:]}"


@sensitive_variables("typed", "code")
def use_up(request: HttpRequest, user: User, act: str, typed: str, *, bound_to: str) -> None:
    """Use up the code that was issued for this act in this session. Raises CodeRefused."""
    row = _tried(request, user, act)
    if row is None:
        raise CodeRefused
    code = BETWEEN.sub("", typed[:64])
    is_right = any(hmac.compare_digest(row.digest, digest) for digest in _digests(code, row, bound_to))
    if not is_right or not MailedCode.objects.live().filter(pk=row.pk).update(used_at=timezone.now()):
        raise CodeRefused(row.tries)
    request.session.pop(IN_SESSION, None)


def _tried(request: HttpRequest, user: User, act: str) -> MailedCode | None:
    """Count an attempt before it is checked, and return the row. So concurrent attempts cannot exceed the limit."""
    if not _usable(request, user, act).update(tries=F("tries") + 1):
        return None
    return MailedCode.objects.filter(pk=_issued(request)).first()


def _usable(request: HttpRequest, user: User, act: str) -> QuerySet[MailedCode]:
    return MailedCode.objects.live().filter(pk=_issued(request), user=user, act=act, tries__lt=MOST_TRIES)


def _issued(request: HttpRequest) -> UUID:
    return UUID(request.session.get(IN_SESSION, NONE))


def _digests(code: str, row: MailedCode, bound_to: str) -> list[str]:
    return fingerprints(code, owner=f"{row.pk} {bound_to}", purpose="mailed_code")
