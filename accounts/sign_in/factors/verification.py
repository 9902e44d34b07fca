"""Verify second factors, behind the login throttle."""

import logging
from collections.abc import Mapping, Sequence

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions.pinning import unpin
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors import recovery, totp
from accounts.sign_in.factors.enrolled import Kind, record_use
from accounts.sign_in.factors.passkey_site import PasskeyRefused
from accounts.sign_in.reauthentication import gate
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.encryption import DecryptionFailed, KeyLost

logger = logging.getLogger(__name__)


class FactorRefused(Exception):
    """The factor was wrong, used already, or belongs to another person."""


class FactorUnreadable(Exception):
    """The code cannot be checked: the app's secret is encrypted with a key that this process does not have."""


def verify(request: HttpRequest, user: User, posted: Mapping[str, str]) -> None:
    """Verify a ``code`` or a passkey's ``credential`` as second factor, and record it in the session.

    Raises FactorRefused, and Throttled after too many wrong ones. Passkeys cannot be guessed, but each refusal costs
    work and an entry in the trail. They have a counter of their own, so that guessing codes does not lock out the
    passkey. Raises FactorUnreadable before anything is counted or checked.
    """
    is_passkey, typed = "credential" in posted, posted.get("code", "")
    rows = [] if is_passkey else _code_factors(user, typed)
    counters = login_throttle.for_factor(request, user.pk, kind="passkey" if is_passkey else "factor")
    login_throttle.count_attempt(counters, event=Event.FACTOR_REFUSED, person=user.pk)
    try:
        row = _by_passkey(request, user, posted) if is_passkey else _by_code(rows, typed)
    except (PasskeyRefused, DecryptionFailed, FactorRefused) as refused:
        if rate_limits.may_leave_entry():
            record(Event.FACTOR_REFUSED, person=user, reason=_reason(refused))
        raise FactorRefused from refused
    login_throttle.reset(counters)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        if not record_use(row):
            record(Event.FACTOR_REFUSED, person=user, reason="removed_meanwhile")
            raise FactorRefused
        record(Event.FACTOR_VERIFIED, person=user, object=row, kind=row.type)
    gate.record_method(request, user, gate.SECOND_FACTOR, type=row.type)
    unpin(request, user)


def _by_passkey(request: HttpRequest, user: User, posted: Mapping[str, str]) -> Authenticator:
    from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # slow to import, see the module

    return passkeys.verify(request, user, posted["credential"])


def _code_factors(user: User, typed: str) -> list[Authenticator]:
    """Return the factors that a code may match. Raises FactorUnreadable for an app's code if its secret is unreadable.

    A recovery code is checked all the same, and counted: otherwise guesses at recovery codes would not be throttled.
    """
    rows = list(Authenticator.objects.filter(user_id=user.pk, type__in=(Kind.TOTP, Kind.RECOVERY_CODES)))
    if not totp.looks_like_code(typed):
        return [row for row in rows if row.type == Kind.RECOVERY_CODES]
    for row in rows:
        if row.type == Kind.TOTP:
            _require_key(user, row)
    return rows


def _require_key(user: User, row: Authenticator) -> None:
    """Raises FactorUnreadable if the key of the app's secret is missing. A forged secret is left to ``verify``."""
    try:
        totp.secret_of(row)
    except KeyLost as lost:
        logger.error("an app's secret is encrypted with a key that this process lacks: key=%s", lost)  # noqa: TRY400
        if rate_limits.may_leave_entry():
            record(Event.FACTOR_REFUSED, person=user, reason="key_missing")
        raise FactorUnreadable from None
    except DecryptionFailed:
        return


def _by_code(rows: Sequence[Authenticator], typed: str) -> Authenticator:
    for row in rows:
        spend = totp.use_code if row.type == Kind.TOTP else recovery.use_code
        if spend(row, typed):
            return row
    raise FactorRefused


def _reason(refused: Exception) -> str:
    if isinstance(refused, DecryptionFailed):
        return "decryption_failed"  # the stored secret was changed, or copied from another account
    return refused.reason if isinstance(refused, PasskeyRefused) else "wrong"
