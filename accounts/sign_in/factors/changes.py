"""Adding and removing second factors: each is told in the trail, and ends the person's other sessions."""

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
    """It is the last one of somebody who may not be without."""


def add(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add the factor that ``make`` writes, and return the recovery codes that came with somebody's first one.

    A sign-in that did not see the factor yet is waited for and ended, or it sees that the person's epoch has moved.
    Whoever has to add one while they sign in goes on. Raises people.RevokedMeanwhile.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        held = _hold(request, user)
        row = make()
        record(Event.FACTOR_ADDED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(held, ADDED[Kind(row.type)])
    _note_added(request, user, row)
    return codes


def add_app(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add an authenticator app, in place of the one that there is, and return recovery codes as ``add`` does.

    The new app has just shown that it works, and the old one goes in the same transaction: there is no moment without
    a factor, and no factor left where it fails. Recovery codes stay. Raises people.RevokedMeanwhile.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        held = _hold(request, user)
        former = Authenticator.objects.filter(user_id=user.pk, type=Kind.TOTP)
        if not request.user.is_authenticated or not former.exists():
            return add(request, user, make)  # a sign-in that waits replaces nothing: it would have to prove the old app
        former.delete()
        row = make()
        record(Event.FACTOR_REPLACED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(held, Notice.APP_REPLACED)
    _note_added(request, user, row)
    return codes


def _note_added(request: HttpRequest, user: User, row: Authenticator) -> None:
    """Whoever has just shown a new factor has proven themselves by it."""
    user.has_second_factor = True
    gate.record_method(request, user, gate.SECOND_FACTOR, type=row.type)
    if request.user.is_authenticated:
        request.session.cycle_key()


def remove(request: HttpRequest, user: User, factor_id: int) -> None:
    """Take a factor away, and with the last one its recovery codes.

    Raises FactorRequired, Authenticator.DoesNotExist, people.RevokedMeanwhile.
    """
    with transaction.atomic():
        held = _hold(request, user)
        rows = list(Authenticator.objects.filter(user_id=user.pk))
        going = [row for row in rows if row.pk == factor_id]
        if not going:
            raise Authenticator.DoesNotExist
        removed = going[0]
        if not any(row.type in OF_ITSELF for row in rows if row not in going):
            if must_have_second_factor(held) and removed.type in OF_ITSELF:
                raise FactorRequired
            going = rows if removed.type in OF_ITSELF else going
        for row in going:
            record(Event.FACTOR_REMOVED, person=user, object=row, kind=row.type)
            row.delete()
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_REMOVED)
        notices.notify(held, REMOVED[Kind(removed.type)])
    user.has_second_factor = None
    request.session.cycle_key()


def renew_recovery_codes(request: HttpRequest, user: User) -> list[str]:
    """Make new recovery codes; the old ones are worth nothing from now on. Raises people.RevokedMeanwhile."""
    with transaction.atomic():
        held = _hold(request, user)
        codes = recovery.make(user)
        record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
        revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.FACTOR_ADDED)
        notices.notify(held, Notice.RECOVERY_CODES_RENEWED)
    request.session.cycle_key()
    return codes


def _first_recovery_codes(user: User) -> list[str]:
    if Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).exists():
        return []
    codes = recovery.make(user)
    record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
    return codes


def _hold(request: HttpRequest, user: User) -> User:
    """Hold a person and the session in which they act, or in which their sign-in waits. Raises people.RevokedMeanwhile.

    Either may have been ended since the request began: a thief who is being signed out must not leave a factor behind.
    """
    if not request.user.is_authenticated:
        stages.lock_waiting(request, user)
        return user
    return people.lock_with_session(user.pk, session_key=request.session.session_key)
