"""Adding and removing second factors: each is told in the trail, and ends the person's other sessions."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest

from accounts import step_up
from accounts.factors import recovery
from accounts.factors.held import OF_ITSELF, Kind, must_have_factor
from accounts.models import Identity, User
from accounts.sessions import Because, end_others
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record


class FactorKept(Exception):
    """It is the last one of somebody who may not be without."""


def add(request: HttpRequest, user: User, make: Callable[[], Authenticator]) -> list[str]:
    """Add the factor that ``make`` writes, and return the recovery codes that came with somebody's first one.

    First the factor is committed, then the sessions end. A sign-in that did not see the factor yet holds the row of
    its identity, or of the account: it is waited for, or it sees the factor when it writes its session.
    """
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        row = make()
        record(Event.FACTOR_ADDED, person=user, object=row, kind=row.type)
        codes = _first_recovery_codes(user)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))), transaction.atomic():
        _wait_for_sign_ins(user)
        end_others(user, keep=request.session.session_key, because=Because.FACTOR_ADDED)
    user.has_factor = True
    step_up.note(request, user, step_up.SECOND_FACTOR, type=row.type)
    request.session.cycle_key()
    return codes


def remove(request: HttpRequest, user: User, factor_id: int) -> None:
    """Take a factor away, and with the last one its recovery codes. Raises FactorKept, Authenticator.DoesNotExist."""
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
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
    """Make new recovery codes; the old ones are worth nothing from now on."""
    with transaction.atomic():
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


def _wait_for_sign_ins(user: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    list(Identity.objects.select_for_update(no_key=True).filter(user_id=user.pk).order_by("pk").values_list("pk"))
