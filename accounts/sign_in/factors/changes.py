"""Add and remove second factors. Each change is recorded, and revokes the person's other sessions."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.sessions import SessionRevocationReason, revoke_others
from accounts.sign_in import people
from accounts.sign_in.factors import recovery, stages
from accounts.sign_in.factors.enrolled import OF_ITSELF, Kind, must_have_second_factor
from accounts.sign_in.reauthentication import gate
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record

ADDED = {Kind.TOTP: Notice.APP_ADDED, Kind.WEBAUTHN: Notice.PASSKEY_ADDED}
REMOVED = {
    Kind.TOTP: Notice.APP_REMOVED,
    Kind.WEBAUTHN: Notice.PASSKEY_REMOVED,
    Kind.RECOVERY_CODES: Notice.RECOVERY_CODES_REMOVED,
}


class FactorRequired(Exception):
    """It is the last factor of a person who must have one."""


def add(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add the factor that ``make`` creates; return the recovery codes that come with a person's first factor.

    A concurrent sign-in that has not seen the factor is waited for and revoked, or fails because the epoch has moved.
    A person who has to add a factor during sign-in continues. Raises people.RevokedMeanwhile.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        locked = _lock(request, user)
        row = make()
        record(Event.FACTOR_ADDED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(locked, ADDED[Kind(row.type)])
    _record_added(request, user, row)
    return codes


def add_app(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add an authenticator app, replacing an existing one; return recovery codes as ``add`` does.

    The new app has just produced a right code, and the old one is deleted in the same transaction: the person is never
    without a factor, and keeps the old app if this fails. Recovery codes stay. Raises people.RevokedMeanwhile.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        locked = _lock(request, user)
        former = Authenticator.objects.filter(user_id=user.pk, type=Kind.TOTP)
        if not request.user.is_authenticated or not former.exists():
            return add(request, user, make)  # a waiting sign-in replaces nothing: it must verify the old app
        former.delete()
        row = make()
        record(Event.FACTOR_REPLACED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(locked, Notice.APP_REPLACED)
    _record_added(request, user, row)
    return codes


def _record_added(request: HttpRequest, user: User, row: Authenticator) -> None:
    """Record the new factor in the session: adding it has verified it, so it counts as reauthentication."""
    user.has_second_factor = True
    gate.record_method(request, user, gate.SECOND_FACTOR, type=row.type)
    if request.user.is_authenticated:
        request.session.cycle_key()


def remove(request: HttpRequest, user: User, factor_id: int) -> None:
    """Remove a factor, and with the last one the recovery codes.

    Raises FactorRequired, Authenticator.DoesNotExist, people.RevokedMeanwhile.
    """
    with transaction.atomic():
        locked = _lock(request, user)
        rows = list(Authenticator.objects.filter(user_id=user.pk))
        to_remove = [row for row in rows if row.pk == factor_id]
        if not to_remove:
            raise Authenticator.DoesNotExist
        removed = to_remove[0]
        if not any(row.type in OF_ITSELF for row in rows if row not in to_remove):
            if must_have_second_factor(locked) and removed.type in OF_ITSELF:
                raise FactorRequired
            to_remove = rows if removed.type in OF_ITSELF else to_remove
        for row in to_remove:
            record(Event.FACTOR_REMOVED, person=user, object=row, kind=row.type)
            row.delete()
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_REMOVED)
        notices.notify(locked, REMOVED[Kind(removed.type)])
    user.has_second_factor = None
    request.session.cycle_key()


def renew_recovery_codes(request: HttpRequest, user: User) -> list[str]:
    """Make new recovery codes, which invalidates the old ones. Raises people.RevokedMeanwhile."""
    with transaction.atomic():
        locked = _lock(request, user)
        codes = recovery.make(user)
        record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(locked, Notice.RECOVERY_CODES_RENEWED)
    request.session.cycle_key()
    return codes


def _first_recovery_codes(user: User) -> list[str]:
    if Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).exists():
        return []
    codes = recovery.make(user)
    record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
    return codes


def _lock(request: HttpRequest, user: User) -> User:
    """Lock a person, and the session in which they act or their sign-in waits. Raises people.RevokedMeanwhile.

    Either may have been revoked since the request began: a thief who is being signed out must not add a factor.
    """
    if not request.user.is_authenticated:
        stages.lock_waiting(request, user)
        return user
    return people.lock_with_session(user.pk, session_key=request.session.session_key)
