"""Judging what somebody brings as a second factor, behind the brake."""

from collections.abc import Mapping

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts import brake, limits, step_up
from accounts.encryption import DecryptionFailed
from accounts.factors import recovery, totp
from accounts.factors.held import Kind, note_use
from accounts.factors.passkey_site import PasskeyRefused
from accounts.models import User
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record


class FactorRefused(Exception):
    """It was not right, was used already, or is not theirs."""


def prove(request: HttpRequest, user: User, posted: Mapping[str, str]) -> None:
    """Take a ``code`` or a passkey's ``credential`` for a second factor, and note it in the session.

    Raises FactorRefused, and Braked after too many that were wrong. Nobody guesses a passkey, but each that is refused
    is work for us and an entry in the trail. Its brake is its own: who guesses codes does not keep the passkey out.
    """
    kind, by = ("passkey", _by_passkey) if "credential" in posted else ("factor", _by_code)
    tracks = brake.for_factor(request, user.pk, kind=kind)
    brake.take(tracks, event=Event.FACTOR_REFUSED, person=user.pk)
    try:
        row = by(request, user, posted)
    except (PasskeyRefused, DecryptionFailed, FactorRefused) as refused:
        if limits.may_leave_entry():
            record(Event.FACTOR_REFUSED, person=user, refused_because=_reason(refused))
        raise FactorRefused from refused
    brake.forgive(tracks)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        if not note_use(row):
            record(Event.FACTOR_REFUSED, person=user, refused_because="removed_meanwhile")
            raise FactorRefused
        record(Event.FACTOR_USED, person=user, object=row, kind=row.type)
    step_up.note(request, user, step_up.SECOND_FACTOR, type=row.type)


def _by_passkey(request: HttpRequest, user: User, posted: Mapping[str, str]) -> Authenticator:
    from accounts.factors import passkeys  # noqa: PLC0415  # see there

    return passkeys.prove(request, user, posted["credential"])


def _by_code(request: HttpRequest, user: User, posted: Mapping[str, str]) -> Authenticator:
    for row in Authenticator.objects.filter(user_id=user.pk, type__in=(Kind.TOTP, Kind.RECOVERY_CODES)):
        spend = totp.spend if row.type == Kind.TOTP else recovery.spend
        if spend(row, posted.get("code", "")):
            return row
    raise FactorRefused


def _reason(refused: Exception) -> str:
    if isinstance(refused, DecryptionFailed):
        return "decryption_failed"  # SECRET_KEY is another than when it was encrypted
    return refused.reason if isinstance(refused, PasskeyRefused) else "not_right"
