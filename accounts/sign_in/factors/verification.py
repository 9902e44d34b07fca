"""Judging what somebody brings as a second factor, behind the brake."""

import logging
from collections.abc import Mapping, Sequence

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts.models import User
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
    """It was not right, was used already, or is not theirs."""


class FactorUnreadable(Exception):
    """What a code is judged by is under a key that this process does not have: nobody can say whether it is right."""


def verify(request: HttpRequest, user: User, posted: Mapping[str, str]) -> None:
    """Take a ``code`` or a passkey's ``credential`` for a second factor, and note it in the session.

    Raises FactorRefused, and Braked after too many that were wrong. Nobody guesses a passkey, but each that is refused
    is work for us and an entry in the trail. Its brake is its own: who guesses codes does not keep the passkey out.
    Raises UnreadableHere before anything is counted or judged.
    """
    is_passkey, typed = "credential" in posted, posted.get("code", "")
    rows = [] if is_passkey else _by_which_codes_are_judged(user, typed)
    tracks = login_throttle.for_factor(request, user.pk, kind="passkey" if is_passkey else "factor")
    login_throttle.count_attempt(tracks, event=Event.FACTOR_REFUSED, person=user.pk)
    try:
        row = _by_passkey(request, user, posted) if is_passkey else _by_code(rows, typed)
    except (PasskeyRefused, DecryptionFailed, FactorRefused) as refused:
        if rate_limits.may_leave_entry():
            record(Event.FACTOR_REFUSED, person=user, reason=_reason(refused))
        raise FactorRefused from refused
    login_throttle.reset(tracks)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        if not record_use(row):
            record(Event.FACTOR_REFUSED, person=user, reason="removed_meanwhile")
            raise FactorRefused
        record(Event.FACTOR_VERIFIED, person=user, object=row, kind=row.type)
    gate.record_method(request, user, gate.SECOND_FACTOR, type=row.type)


def _by_passkey(request: HttpRequest, user: User, posted: Mapping[str, str]) -> Authenticator:
    from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # see there

    return passkeys.verify(request, user, posted["credential"])


def _by_which_codes_are_judged(user: User, typed: str) -> list[Authenticator]:
    """Raises UnreadableHere for an app's code, where the app's secret cannot be read here.

    A recovery code is judged all the same, and counted: else whoever guesses those would meet no brake.
    """
    rows = list(Authenticator.objects.filter(user_id=user.pk, type__in=(Kind.TOTP, Kind.RECOVERY_CODES)))
    if not totp.looks_like_code(typed):
        return [row for row in rows if row.type == Kind.RECOVERY_CODES]
    for row in rows:
        if row.type == Kind.TOTP:
            _look(user, row)
    return rows


def _look(user: User, row: Authenticator) -> None:
    """What is not authentic is left to whoever judges; what cannot be read may be right. Raises UnreadableHere."""
    try:
        totp.secret_of(row)
    except KeyLost as lost:
        logger.error("an app's secret is under a key that this process does not have: key=%s", lost)  # noqa: TRY400
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
        return "decryption_failed"  # it was changed, or is somebody else's
    return refused.reason if isinstance(refused, PasskeyRefused) else "wrong"
