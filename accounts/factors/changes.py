"""Adding and removing second factors: each is told in the trail, and ends the person's other sessions."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from accounts import people, step_up
from accounts.factors import recovery, stages
from accounts.factors.held import OF_ITSELF, Kind, must_have_factor
from accounts.models import User
from accounts.sessions import Because, end_others
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record


class FactorKept(Exception):
    """It is the last one of somebody who may not be without."""


def add(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add the factor that ``make`` writes, and return the recovery codes that came with somebody's first one.

    A sign-in that did not see the factor yet is waited for and ended, or it sees that the person's epoch has moved.
    Whoever has to add one while they sign in goes on. Raises people.EndedMeanwhile.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        _hold(request, user)
        row = make()
        record(Event.FACTOR_ADDED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
        end_others(user, keep=request.session.session_key, because=Because.FACTOR_ADDED)
    user.has_factor = True
    step_up.note(request, user, step_up.SECOND_FACTOR, type=row.type)
    if request.user.is_authenticated:
        request.session.cycle_key()
    return codes


def remove(request: HttpRequest, user: User, factor_id: int) -> None:
    """Take a factor away, and with the last one its recovery codes.

    Raises FactorKept, Authenticator.DoesNotExist, people.EndedMeanwhile.
    """
    with transaction.atomic():
        held = _hold(request, user)
        rows = list(Authenticator.objects.filter(user_id=user.pk))
        going = [row for row in rows if row.pk == factor_id]
        if not going:
            raise Authenticator.DoesNotExist
        if not any(row.type in OF_ITSELF for row in rows if row not in going):
            if must_have_factor(held) and going[0].type in OF_ITSELF:
                raise FactorKept
            going = rows if going[0].type in OF_ITSELF else going
        for row in going:
            record(Event.FACTOR_REMOVED, person=user, object=row, kind=row.type)
            row.delete()
        end_others(user, keep=request.session.session_key, because=Because.FACTOR_REMOVED)
    user.has_factor = None
    request.session.cycle_key()


def renew_recovery_codes(request: HttpRequest, user: User) -> list[str]:
    """Make new recovery codes; the old ones are worth nothing from now on. Raises people.EndedMeanwhile."""
    with transaction.atomic():
        _hold(request, user)
        codes = recovery.make(user)
        record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
        end_others(user, keep=request.session.session_key, because=Because.FACTOR_ADDED)
    request.session.cycle_key()
    return codes


def _first_recovery_codes(user: User) -> list[str]:
    if Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).exists():
        return []
    codes = recovery.make(user)
    record(Event.FACTOR_ADDED, person=user, kind=Kind.RECOVERY_CODES.value)
    return codes


def _hold(request: HttpRequest, user: User) -> User:
    """Hold a person and the session in which they act, or in which their sign-in waits. Raises people.EndedMeanwhile.

    Either may have been ended since the request began: a thief who is being signed out must not leave a factor behind.
    """
    if not request.user.is_authenticated:
        stages.hold(request, user)
        return user
    return people.hold_with_session(user.pk, session_key=request.session.session_key)
